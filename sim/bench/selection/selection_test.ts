import { expect } from "expect";
import { Random } from "../../../src/core/random.ts";
import { FEATURE_INDEX as F } from "../../../src/fraud/features/catalogue.ts";
import { DAY_MS } from "../../../src/fraud/features/windows.ts";
import { worldSource } from "../../train/world_source.ts";
import { OUTCOME, screenedPayments } from "./screened_payments.ts";
import { ALL_LABELS, CLIPPED, CORRECTED, INCUMBENT, NAIVE, repeat, selectionRun } from "./selection_run.ts";
import type { ScoreboardLine } from "../../train/scoreboard.ts";
import { selectionText, wonBack } from "./selection_text.ts";

const START_MS = Date.UTC(2026, 0, 5);

Deno.test("of what a screen declines nothing is known, and one in so many is let through", () => {
  const source = worldSource({ seed: 7, days: 40, customers: 400, startMs: START_MS });
  const fromMs = START_MS + 10 * DAY_MS;
  const screened = (declines: (vector: Float64Array) => boolean, exploreOneIn: number) =>
    screenedPayments(source, { fromMs, declines, exploreOneIn, chance: new Random(1) });
  const knownFrauds = ({ payments }: ReturnType<typeof screened>) => {
    let sum = 0;
    // By the last week, reports of the ten days without a screen have arrived and faded.
    for (let row = payments.rowAt(START_MS + 33 * DAY_MS); row < payments.length; row++) {
      sum += payments.feature(row, F.merchant_known_frauds_7d);
    }
    return sum;
  };
  const open = screened(() => false, 10);
  expect(open.outcome.every((its) => its === OUTCOME.approved)).toBe(true);
  expect(open.payments.atMs(0)).toBeGreaterThanOrEqual(fromMs);
  const closed = screened(() => true, 1e9);
  expect(closed.outcome.every((its) => its === OUTCOME.declined)).toBe(true);
  expect(knownFrauds(closed)).toBeLessThan(0.2 * knownFrauds(open));
  // Its own report is kept for who may train on everything.
  const reports = (its: ReturnType<typeof screened>) =>
    Array.from({ length: its.payments.length }, (_, row) => its.payments.labelAt(row, Infinity)).join("");
  expect(reports(closed)).toBe(reports(open));

  const large = (vector: Float64Array) => vector[F.amount_usd] > 60;
  const explored = screened(large, 10);
  expect(screened(large, 10).outcome).toEqual(explored.outcome);
  const count = (outcome: number) => explored.outcome.filter((its) => its === outcome).length;
  const wouldBe = count(OUTCOME.declined) + count(OUTCOME.explored);
  expect(wouldBe).toBeGreaterThan(2_000);
  // Within four deviations of a tenth.
  expect(Math.abs(count(OUTCOME.explored) - wouldBe / 10)).toBeLessThan(4 * Math.sqrt(wouldBe * 0.09));
  for (let row = 0; row < explored.outcome.length; row++) {
    expect(explored.outcome[row] !== OUTCOME.approved).toBe(
      explored.payments.feature(row, F.amount_usd) > 60,
    );
  }
});

Deno.test("a propensity of 1 corrects everything: then the corrected model is the one with all labels", async () => {
  const options = {
    world: { seed: 7, days: 60, customers: 1_500, startMs: START_MS },
    labelDelayDays: 7,
    exploreOneIn: 1,
    draws: 1,
    fit: { seeds: [8], mostRows: 4_000, mostEpochs: 1 },
  };
  const { scoreboard, explored, fold, incumbentFold } = await selectionRun(options);
  const line = (name: string) => scoreboard.lines.find((its) => its.name === name)!;
  for (const name of [CORRECTED, CLIPPED]) {
    expect({ ...line(name), name: "" }).toEqual({ ...line(ALL_LABELS), name: "" });
  }
  const over = scoreboard.lift.find((its) => its.over === ALL_LABELS)!;
  expect(over.difference).toBe(line(NAIVE).averagePrecision - line(ALL_LABELS).averagePrecision);
  expect(line(NAIVE).averagePrecisionByFold).not.toEqual(line(ALL_LABELS).averagePrecisionByFold);
  expect(line(INCUMBENT).averagePrecision).toBeGreaterThan(scoreboard.baseRate);
  expect(explored[0].explored).toBe(explored[0].wouldBeDeclines);
  expect(explored[0].explored).toBeGreaterThan(5);
  expect(explored[0].fraudsEstimated).toBe(explored[0].frauds);
  // Nobody trains on what comes after, and the incumbent is made when the screened time begins.
  expect(incumbentFold.madeAtMs).toBe(fold.train[0]);
  expect(fold.validation[1] + 7 * DAY_MS).toBe(fold.madeAtMs);
  expect(fold.test).toEqual([fold.madeAtMs, START_MS + 60 * DAY_MS]);
  const text = selectionText({ scoreboard, explored, fold, incumbentFold }, options);
  expect(text).not.toMatch(/NaN|undefined/);
  expect(text).toContain(`${ALL_LABELS}: AP ${over.difference > 0 ? "−" : "+"}`);
  // Corrections that stand on a handful of frauds are a finding about chance, and the text says so.
  const saysFew = (fraudsEstimated: number) =>
    selectionText(
      { scoreboard, explored: [{ ...explored[0], fraudsEstimated }], fold, incumbentFold },
      options,
    );
  expect(saysFew(3)).toMatch(/Only 3\.0 of the explored payments were fraud, .*mostly chance/);
  expect(saysFew(10)).not.toContain("mostly chance");
});

Deno.test("how much is won back is said where a loss is beyond chance, and only there", () => {
  const ap: Record<string, number> = { [NAIVE]: 0.3, [CORRECTED]: 0.35, [CLIPPED]: 0.32, [ALL_LABELS]: 0.4 };
  const lines = Object.entries(ap).map(([name, averagePrecision]) => ({ name, averagePrecision }));
  const textOf = (difference95: readonly [number, number], of = lines) =>
    wonBack({
      lines: of as unknown as readonly ScoreboardLine[],
      lift: [{ over: ALL_LABELS, difference: -0.1, difference95 }],
    }).join("\n");
  expect(textOf([-0.15, -0.05])).toMatch(/costs 0\.100 AP.*\n {2}corrected by propensity: 50%\n.*: 20%/);
  expect(textOf([-0.15, 0.01])).toMatch(/0\.100 AP less here, which may be chance/);
  expect(textOf([NaN, NaN])).toContain("may be chance");
  expect(textOf([0, 0.1], lines.map((its) => ({ ...its, averagePrecision: 0.3 })))).toContain(
    "cost no AP here",
  );
});

Deno.test("a weight of three is three copies, and of nothing none", () => {
  expect(repeat(Uint32Array.of(4, 5, 6), (row) => [3, 0, 1][row - 4])).toEqual(Uint32Array.of(4, 4, 4, 6));
});
