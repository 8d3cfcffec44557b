import { expect } from "expect";
import { readConfig } from "../../src/config.ts";
import { DisputeModel } from "../../src/fraud/disputes/dispute_model.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { generateWorld } from "../world/world.ts";
import { disputeRows } from "./dispute_rows.ts";
import { calibrationOf, fitDisputeModel, stepUpTable } from "./fit_dispute_model.ts";
import { DISPUTE_MODEL_FILE, shippedFraudModel } from "./train_command.ts";

const shipped = await DisputeModel.load(DISPUTE_MODEL_FILE);

Deno.test("predicted and observed disputes agree on a world that neither model has seen", async () => {
  const fraudModel = await shippedFraudModel();
  const rows = disputeRows(
    generateWorld({ seed: 41, days: 70, customers: 5_000, startMs: Date.UTC(2026, 0, 5) }),
    fraudModel,
    20,
  );
  const { error, bins, disputes, payments } = calibrationOf(shipped, rows, [20, 70]);
  expect(disputes).toBeGreaterThan(100);
  const baseRate = disputes / payments;
  expect(error.low <= error.value && error.value <= error.high).toBe(true);
  // Of a base rate of an eighth of a percent; the bins' own noise is a good part of it.
  expect(error.value).toBeLessThan(0.35 * baseRate);
  // The tenth that is predicted most is disputed most, by far; nine of ten bins agree within their intervals.
  expect(bins.at(-1)!.observed).toBeGreaterThan(2 * baseRate);
  expect(bins.filter(({ predicted, low, high }) => predicted >= low && predicted <= high).length)
    .toBeGreaterThanOrEqual(7);
  // A model that says half of that everywhere is found out by the same figure.
  const wrong = new DisputeModel({
    ...shipped.manifest,
    curve: shipped.manifest.curve.map((point) => ({ ...point, probability: point.probability / 2 })),
  });
  expect(calibrationOf(wrong, rows, [20, 70]).error.value).toBeGreaterThan(0.35 * baseRate);

  // The same pass: at the band's default edge about as many genuine payments are challenged as are declined.
  const edges = stepUpTable(rows, [20, 70]);
  const at = (from: number) => edges.find((edge) => edge.from === from)!;
  const { stepUpAt } = readConfig(() => undefined);
  expect(at(stepUpAt!).genuineShare).toBeLessThan(0.005);
  expect(at(55).genuineShare).toBeGreaterThan(at(stepUpAt!).genuineShare);
  expect(at(stepUpAt!).fraudShare).toBeGreaterThan(10 * at(stepUpAt!).genuineShare);
  // Fitting is a function of its rows.
  const split = { fit: [20, 45], knownUntil: 60, test: [45, 70] } as const;
  expect(fitDisputeModel(rows, split, "x")).toEqual(fitDisputeModel(rows, split, "x"));
});

Deno.test("each day without a dispute makes one less likely, until none is expected", () => {
  const payment = { fraudProbability: 0.02, amountUsd: 80, category: "gaming", hasDevice: true };
  const { lastDay } = shipped;
  let before = Infinity;
  for (let day = 0; day <= lastDay; day++) {
    const probability = shipped.probability(payment, day * DAY_MS);
    expect(probability).toBeLessThanOrEqual(before);
    before = probability;
  }
  expect(shipped.probability(payment, lastDay * DAY_MS)).toBe(0);
  expect(shipped.arrivedAfter(0)).toBe(0);
  // Half of the disputes are there after five days or so.
  expect(shipped.arrivedAfter(5 * DAY_MS)).toBeGreaterThan(0.35);
  expect(shipped.arrivedAfter(5 * DAY_MS)).toBeLessThan(0.65);
  const riskier = shipped.probability({ ...payment, fraudProbability: 0.2 }, 0);
  expect(riskier).toBeGreaterThan(shipped.probability(payment, 0));
  expect(shipped.probability({ ...payment, category: "never seen" }, 0)).toBeGreaterThan(0);
});
