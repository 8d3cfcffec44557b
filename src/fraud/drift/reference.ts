import { FEATURES, isCategory } from "../features/catalogue.ts";
import { type BinnedValues, binValues, countCodes, type CountedCodes, stabilityOf } from "./stability.ts";

/** How the payments that a model learned from looked: a part of its manifest. */
export interface DriftReference {
  /** In the vector's order; payments of the training period, as many as there are and not as they were sampled. */
  readonly features: readonly (BinnedValues | CountedCodes)[];
  /** Calibrated probabilities of the validation period, which the networks had not seen. */
  readonly probability: BinnedValues;
}

/** Payments' vectors and what a model said of them. */
export interface ScoredVectors {
  readonly length: number;
  vector(row: number): Float64Array | Float32Array;
  probability(row: number): number;
}

export function driftReference(
  training: Pick<ScoredVectors, "length" | "vector">,
  validation: Pick<ScoredVectors, "length" | "probability">,
  features: number,
): DriftReference {
  return {
    features: Array.from(
      { length: features },
      (_, f) => (isCategory(f) ? countCodes : binValues)(column(training, f)),
    ),
    probability: binValues(
      Float64Array.from({ length: validation.length }, (_, row) => validation.probability(row)),
    ),
  };
}

/**
 * A fading count never becomes 0: after weeks without anything to count it is a number that tells how many weeks, and
 * bins there would tell the age of the world for a change of the payments.
 */
const LEAST_COUNT = 1e-3;
const COUNTED: ReadonlySet<string> = new Set(["payments", "ids", "usd"]);

export interface DriftFrom {
  /** Of the score. */
  readonly score: number;
  /** In the vector's order. */
  readonly features: readonly number[];
}

/** Population stability indices of these payments against a model's own. */
export function driftFrom(reference: DriftReference, now: ScoredVectors): DriftFrom {
  return {
    score: stabilityOf(
      reference.probability,
      Float64Array.from({ length: now.length }, (_, row) => now.probability(row)),
    ),
    features: reference.features.map((then, f) =>
      stabilityOf(then, column(now, f), COUNTED.has(FEATURES[f].unit) ? LEAST_COUNT : 0)
    ),
  };
}

// In 32 bits, as training has them: a value that is a bin's edge in one precision may lie below it in the other.
function column(rows: Pick<ScoredVectors, "length" | "vector">, feature: number): Float64Array {
  return Float64Array.from({ length: rows.length }, (_, row) => Math.fround(rows.vector(row)[feature]));
}
