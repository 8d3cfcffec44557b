import { expect } from "expect";
import type { Interval, Scoreboard } from "./scoreboard.ts";
import { aboveOracleNote, chanceNote } from "./scoreboard_text.ts";

Deno.test("a model is said to be no better than chance where its AP may be doing nothing's, or its AUC is below a half", () => {
  const note = (averagePrecision95: Interval, rocAuc: number) =>
    chanceNote({
      baseRate: 0.01,
      lines: [{ name: "the model", averagePrecision95, rocAuc }] as unknown as Scoreboard["lines"],
    });
  expect(note([0.02, 0.05], 0.7)).toEqual([]);
  expect(note([0.005, 0.05], 0.7)).toEqual([
    "The model is no better than chance on this data: its AP, 0.0050 to 0.0500 when customers are drawn again, may be the " +
    "0.0100 of doing nothing.",
  ]);
  expect(note([0.02, 0.05], 0.45)).toEqual([expect.stringContaining("its AUC is 0.450, below the 0.5")]);
  // Fraud of one customer gives no interval; the AUC is still there.
  expect(note([NaN, NaN], 0.9)).toEqual([]);
});

Deno.test("a share of more than all that is attainable is remarked on, and no other", () => {
  const noteOf = (share: number) => aboveOracleNote({ shareOfAttainable: { share, share95: [0.9, 6] } });
  expect(aboveOracleNote({ shareOfAttainable: null })).toEqual([]);
  expect(noteOf(0.98)).toEqual([]);
  expect(noteOf(NaN)).toEqual([]);
  expect(noteOf(2.15)).toEqual([
    expect.stringMatching(/above the oracle's.*That is chance.*or the posterior is not/),
  ]);
});
