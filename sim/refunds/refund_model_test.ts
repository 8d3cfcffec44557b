import { expect } from "expect";
import { fitLogistic } from "../fit/fit_logistic.ts";
import { Random } from "../../src/core/random.ts";
import { logOddsOf, sigmoid } from "../../src/fraud/logistic_model.ts";
import {
  type RefundAsked,
  refundFeatures,
  type RefundHistory,
} from "../../src/fraud/refunds/refund_features.ts";
import { RefundModel } from "../../src/fraud/refunds/refund_model.ts";
import { generateWorld } from "../world/world.ts";
import { refundRows } from "./refund_rows.ts";
import { REFUND_MODEL_FILE } from "./train_command.ts";
import { REFUSE_SHARE, REVIEW_SHARE, scoreRefundModel, trainRefundModel } from "./train_refund_model.ts";

/** Neither the world it was trained on nor the one it is served on. */
const OTHER_WORLD = { seed: 31, days: 150, customers: 6_000, startMs: Date.UTC(2026, 0, 5) };
const shipped = JSON.parse(await Deno.readTextFile(REFUND_MODEL_FILE));

Deno.test("the shipped score on another world: a person sees one request in ten, and two lies of three", () => {
  const board = scoreRefundModel(shipped, refundRows(generateWorld(OTHER_WORLD)), [100, 150]);
  expect(board.untrue).toBeGreaterThan(200);
  const flagged = board.review.requests / board.requests;
  expect(flagged).toBeGreaterThan(REVIEW_SHARE / 2);
  expect(flagged).toBeLessThan(REVIEW_SHARE * 1.5);
  expect(board.refuse.requests / board.requests).toBeLessThan(REFUSE_SHARE * 3);
  // Base rate 8%: of what a person is shown, some half is untrue, and nobody can do much better.
  expect(board.review.precision.low).toBeGreaterThan(0.4);
  expect(board.review.recall.low).toBeGreaterThan(0.5);
  expect(board.refuse.precision.value).toBeGreaterThan(0.4);
  expect(board.review.recall.value).toBeGreaterThan(0.8 * board.oracle.recall.value);
  for (const { precision, recall } of [board.review, board.refuse]) {
    for (const { value, low, high } of [precision, recall]) {
      expect(low < value && value < high).toBe(true);
    }
  }
});

Deno.test("training sees only what had been found out by then, and gives the same model each time", () => {
  const world = generateWorld({ ...OTHER_WORLD, days: 60, customers: 2_000 });
  const split = { train: [10, 40], labelsUntil: 45, thresholds: [40, 50], test: [50, 60] } as const;
  const { manifest, rows } = trainRefundModel(world, split);
  expect(trainRefundModel(world, split).manifest).toEqual(manifest);
  // Known only later: then the same days teach something else.
  expect(trainRefundModel(world, { ...split, labelsUntil: 60 }).manifest.model).not.toEqual(manifest.model);
  // Read before observed: a customer's first request finds none before it.
  const firsts = new Map(rows.toReversed().map((row) => [row.request.customerId, row]));
  for (const { features } of firsts.values()) {
    expect([features[6], features[9], features[10]]).toEqual([0, 0, 0]);
  }
});

Deno.test("the score is 50 where a person begins to be asked, and decides as its probability does", () => {
  const model = new RefundModel(shipped);
  expect(model.refuseAtScore).toBeGreaterThan(50);
  const history = { purchases: 30, purchasesUsd: 1_000, requestsUsd: 100, notReceived: 0, foundUntrue: 0 };
  const decisions = new Set<string>();
  for (let requests = 0; requests <= 28; requests++) {
    const past = { ...history, requests, notReceived: requests, foundUntrue: Math.floor(requests / 4) };
    const asked = {
      amountUsd: 50,
      capturedUsd: 50,
      paidAtMs: 0,
      requestedAtMs: 86_400_000,
      reason: "not_received",
    } as const;
    const { score, decision, probability } = model.assess(asked, past, null);
    decisions.add(decision);
    expect([score >= 50, score >= model.refuseAtScore]).toEqual([
      decision !== "approve",
      decision === "refuse",
    ]);
    expect(probability >= shipped.reviewAt).toBe(decision !== "approve");
    // A reason the model never saw is taken for an average one: between the best and the worst.
    const scoreFor = (reason: "other" | "changed_mind" | "not_received") =>
      model.assess({ ...asked, reason }, past, null).probability;
    expect(scoreFor("other")).toBeGreaterThan(scoreFor("changed_mind"));
    expect(scoreFor("other")).toBeLessThan(scoreFor("not_received"));
    expect(model.assess(asked, past, "review").decidedBy).toBe("test_payment_method");
  }
  expect(decisions).toEqual(new Set(["approve", "review", "refuse"]));
});

Deno.test("history, amount, age and reason all go into the score, and it moves with what told lies from truths", () => {
  const model = new RefundModel(shipped);
  const asked: RefundAsked = {
    amountUsd: 50,
    capturedUsd: 50,
    paidAtMs: 0,
    requestedAtMs: 5 * 86_400_000,
    reason: "not_as_described",
  };
  const past: RefundHistory = {
    purchases: 30,
    purchasesUsd: 1_500,
    requests: 2,
    requestsUsd: 100,
    notReceived: 1,
    foundUntrue: 0,
  };
  const row = refundFeatures(asked, past);
  const before = model.assess(asked, past, null).score;
  const changes: [what: string, asked: Partial<RefundAsked>, past: Partial<RefundHistory>, moves: number][] =
    [
      ["more requests", {}, { requests: 6, requestsUsd: 300 }, 1],
      ["more of them never arrived", {}, { requests: 6, requestsUsd: 300, notReceived: 5 }, 1],
      ["one was found untrue", {}, { foundUntrue: 2 }, 1],
      ["never arrived", { reason: "not_received" }, {}, 1],
      ["changed their mind", { reason: "changed_mind" }, {}, -1],
      ["a part of it", { amountUsd: 25 }, {}, -1],
    ];
  const steps: number[] = [];
  for (const [what, ask, had, moves] of changes) {
    expect({ what, row: refundFeatures({ ...asked, ...ask }, { ...past, ...had }) }).not.toEqual({
      what,
      row,
    });
    const moved = model.assess({ ...asked, ...ask }, { ...past, ...had }, null).score - before;
    expect({ what, moves: Math.sign(moved) }).toEqual({ what, moves });
    steps.push(Math.abs(moved));
  }
  // Age and amount are looked at, and in this world say little: which way is the training draw's chance.
  for (const ask of [{ requestedAtMs: 35 * 86_400_000 }, { amountUsd: 500, capturedUsd: 500 }]) {
    const moved = Math.abs(model.assess({ ...asked, ...ask }, past, null).score - before);
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThan(Math.max(...steps) / 2);
  }
});

Deno.test("fitLogistic() finds the weights that made the data, whatever the inputs' scale", () => {
  const random = new Random(5);
  const [bias, weights] = [-1.5, [0.8, -0.002, 0]];
  const rows = Array.from(
    { length: 40_000 },
    () => [random.normal(), 1_000 * random.normal(), random.uniform()],
  );
  const labels = rows.map((row) =>
    random.chance(sigmoid(row.reduce((sum, x, i) => sum + x * weights[i], bias)))
  );
  const model = fitLogistic(["a", "b", "c"], rows, labels);
  for (const [i, { weight }] of model.inputs.entries()) {
    expect(Math.abs(weight - weights[i])).toBeLessThan(i === 1 ? 0.0001 : 0.15);
  }
  const mean = rows.reduce((sum, row) => sum + sigmoid(logOddsOf(model, row)), 0) / rows.length;
  expect(Math.abs(mean - labels.filter(Boolean).length / labels.length)).toBeLessThan(1e-4);
});
