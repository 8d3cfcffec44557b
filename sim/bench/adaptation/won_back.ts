import { middle95 } from "../../../src/fraud/measures/metrics.ts";
import type { Random } from "../../../src/core/random.ts";

/** A fraud of the judged days. */
export interface JudgedFraud {
  /** The affair that it belongs to: a card tested thirty times is one. Numbers are of one world. */
  readonly affair: number;
  readonly story: string;
  /** Whether the model declines it. */
  readonly isFound: boolean;
}

/** What one world's frauds came to: of its first days and of its last ones, the same frauds judged by either model. */
export interface JudgedWorld {
  readonly first: readonly JudgedFraud[];
  readonly last: readonly JudgedFraud[];
  /** As `last`, fraud by fraud, judged by the retrained model. */
  readonly retrained: readonly JudgedFraud[];
}

export interface Aging {
  /** Recall of the frozen model in its first and last days, and of the retrained one in the last. */
  readonly first: number;
  readonly last: number;
  readonly retrained: number;
  /** Of the recall that was lost; 1 is all of it, NaN where none was lost. */
  readonly wonBack: number;
}

const DRAWS = 2_000;

/** Frauds of all worlds counted together. */
export function agingOf(worlds: readonly JudgedWorld[]): Aging {
  return weighted(worlds, () => 1);
}

/**
 * The middle 95% of each figure when affairs are drawn again with all their frauds, each Poisson(1) times: of thirty
 * attempts on one card no one is news beside the others.
 */
export function aging95(
  worlds: readonly JudgedWorld[],
  random: Random,
): Record<keyof Aging, readonly [number, number]> {
  const draws = Array.from({ length: DRAWS }, () => {
    const drawn = new Map<string, number>();
    return weighted(worlds, (world, affair) => {
      const key = `${world} ${affair}`;
      const known = drawn.get(key);
      if (known !== undefined) return known;
      const weight = random.poisson(1);
      drawn.set(key, weight);
      return weight;
    });
  });
  const middle = (figure: keyof Aging) => middle95(draws.map((draw) => draw[figure]));
  return {
    first: middle("first"),
    last: middle("last"),
    retrained: middle("retrained"),
    wonBack: middle("wonBack"),
  };
}

/** How many affairs the frauds of all worlds are. */
export function affairsOf(worlds: readonly JudgedWorld[], days: "first" | "last"): number {
  return worlds.reduce((sum, world) => sum + new Set(world[days].map(({ affair }) => affair)).size, 0);
}

function weighted(
  worlds: readonly JudgedWorld[],
  weightOf: (world: number, affair: number) => number,
): Aging {
  const recall = (days: keyof JudgedWorld) => {
    let [found, all] = [0, 0];
    for (const [world, run] of worlds.entries()) {
      for (const { affair, isFound } of run[days]) {
        const weight = weightOf(world, affair);
        all += weight;
        if (isFound) found += weight;
      }
    }
    return found / all;
  };
  const [first, last, retrained] = [recall("first"), recall("last"), recall("retrained")];
  return { first, last, retrained, wonBack: first > last ? (retrained - last) / (first - last) : NaN };
}
