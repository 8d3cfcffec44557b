import { Random } from "../core/random.ts";
import { type BinnedValues, binValues, stabilityOf } from "../fraud/drift/stability.ts";
import { drawAgain } from "../fraud/measures/draw_again.ts";
import {
  brierScore,
  calibrationError,
  middle95,
  ranking,
  reliability,
  weightedAveragePrecision,
} from "../fraud/measures/metrics.ts";
import { DECLINE_AT_SCORE } from "../fraud/screen_payment.ts";
import type { Judgement, ShadowedPayment } from "./shadowed_payments.ts";

export type Interval = readonly [low: number, high: number];

/** A difference, challenger less champion, with the middle 95% of what it is when customers are drawn again. */
export interface Gain {
  readonly difference: number;
  readonly interval95: Interval;
}

export interface ModelFigures {
  readonly averagePrecision: number;
  /** At a score of 75 and above. */
  readonly recall: number;
  readonly flagged: number;
  readonly falsePositives: number;
  readonly genuine: number;
  readonly falsePositiveRate: number;
  /** Over payments whose outcome is known. */
  readonly brier: number;
  readonly calibrationError: number;
  /** Of its scores against those of its own validation; null where the manifest does not keep them. */
  readonly stability: number | null;
}

export interface Comparison {
  readonly payments: number;
  readonly customers: number;
  /** Reported. */
  readonly frauds: number;
  /** Declined by the screen and never reported on: each counts as fraud with the champion's own probability. */
  readonly unknownDeclines: number;
  /** How many frauds those make. */
  readonly expectedFrauds: number;
  /** Would-be declines that chance let pass, and how many those stand for: themselves and what chance declined. */
  readonly explored: number;
  readonly exploredStandFor: number;
  readonly champion: ModelFigures;
  readonly challenger: ModelFigures;
  readonly averagePrecisionGain: Gain;
  readonly recallGain: Gain;
  /** Of the challenger's probabilities against the champion's. */
  readonly stabilityBetween: number;
}

const SEED = 75;

/**
 * Both models on the same payments, paired. What the champion declined nobody reports; leaving that out would hide the
 * frauds it stopped and flatter the challenger. Where chance let some of it pass (EXPLORE_DECLINES), those stand for all,
 * each with the weight 1 over its probability. Elsewhere such a payment counts as fraud with the probability that the
 * champion gave it, and as genuine with the rest: where nobody knows, the champion's word is taken.
 *
 * @param references the models' own probabilities at training, by which their stability is told
 */
export function compareModels(
  payments: readonly ShadowedPayment[],
  customers: number,
  references: { readonly champion: BinnedValues | null; readonly challenger: BinnedValues | null },
): Comparison {
  const rows = new WeighedRows(payments);
  const [champion, challenger] = (["champion", "challenger"] as const).map((model) =>
    new Judged(rows, (payment) => payment[model])
  );
  const draws = drawAgain(customers, new Random(SEED), (weights) => ({
    averagePrecision: challenger.averagePrecision(weights) - champion.averagePrecision(weights),
    recall: challenger.recall(weights) - champion.recall(weights),
  }));
  const gain = (of: "averagePrecision" | "recall", difference: number): Gain => ({
    difference,
    interval95: middle95(draws.map((draw) => draw[of])),
  });
  const [figures, challengers] = [
    champion.figures(payments, references.champion),
    challenger.figures(payments, references.challenger),
  ];
  const explored = payments.filter(({ weight }) => weight !== 1);
  const unknown = payments.filter(({ outcome }) => outcome === "unknown_decline");
  return {
    payments: payments.length,
    customers,
    frauds: payments.filter(({ outcome }) => outcome === "fraud").length,
    unknownDeclines: unknown.length,
    expectedFrauds: unknown.reduce((sum, payment) => sum + payment.champion.probability, 0),
    explored: explored.length,
    exploredStandFor: explored.reduce((sum, { weight }) => sum + weight, 0),
    champion: figures,
    challenger: challengers,
    averagePrecisionGain: gain("averagePrecision", challengers.averagePrecision - figures.averagePrecision),
    recallGain: gain("recall", challengers.recall - figures.recall),
    stabilityBetween: stabilityOf(
      binValues(probabilities(payments, (payment) => payment.champion)),
      probabilities(payments, (payment) => payment.challenger),
    ),
  };
}

function probabilities(
  payments: readonly ShadowedPayment[],
  of: (payment: ShadowedPayment) => Judgement,
): Float64Array {
  return Float64Array.from(payments, (payment) => of(payment).probability);
}

/** A payment of unknown outcome stands in two rows: as fraud, and as genuine. One that others stand for, in none. */
class WeighedRows {
  readonly payment: ShadowedPayment[] = [];
  readonly fraud: number[] = [];
  readonly weight: number[] = [];
  /** The rows that are fraud. */
  readonly frauds: number[] = [];

  constructor(payments: readonly ShadowedPayment[]) {
    for (const payment of payments) {
      if (payment.outcome === "stood_for") continue;
      if (payment.outcome !== "unknown_decline") {
        this.#add(payment, payment.outcome === "fraud" ? 1 : 0, payment.weight);
        continue;
      }
      this.#add(payment, 1, payment.champion.probability);
      this.#add(payment, 0, 1 - payment.champion.probability);
    }
  }

  #add(payment: ShadowedPayment, fraud: number, weight: number): void {
    if (fraud === 1) this.frauds.push(this.payment.length);
    this.payment.push(payment);
    this.fraud.push(fraud);
    this.weight.push(weight);
  }
}

/** One model's judgements of the rows. */
class Judged {
  readonly #rows: WeighedRows;
  readonly #of: (payment: ShadowedPayment) => Judgement;
  readonly #probabilities: Float64Array;
  readonly #order: Uint32Array;

  constructor(rows: WeighedRows, of: (payment: ShadowedPayment) => Judgement) {
    this.#rows = rows;
    this.#of = of;
    this.#probabilities = Float64Array.from(rows.payment, (payment) => of(payment).probability);
    this.#order = ranking(this.#probabilities);
  }

  /** @param customers how often each counts; once when left out */
  averagePrecision(customers?: Uint8Array): number {
    return weightedAveragePrecision(
      this.#probabilities,
      this.#rows.fraud,
      (row) => this.#weight(row, customers),
      this.#order,
    );
  }

  /** Of the fraud, the share that scores 75 or more. */
  recall(customers?: Uint8Array): number {
    let [hits, frauds] = [0, 0];
    for (const row of this.#rows.frauds) {
      const weight = this.#weight(row, customers);
      frauds += weight;
      if (this.#isFlagged(row)) hits += weight;
    }
    return hits / frauds;
  }

  #isFlagged(row: number): boolean {
    return this.#of(this.#rows.payment[row]).score >= DECLINE_AT_SCORE;
  }

  #alarms(): { flagged: number; falsePositives: number; genuine: number; falsePositiveRate: number } {
    let [flagged, falsePositives, genuine] = [0, 0, 0];
    for (let row = 0; row < this.#rows.payment.length; row++) {
      const weight = this.#rows.weight[row];
      const isFlagged = this.#isFlagged(row);
      if (isFlagged) flagged += weight;
      if (this.#rows.fraud[row] === 1) continue;
      genuine += weight;
      if (isFlagged) falsePositives += weight;
    }
    return { flagged, falsePositives, genuine, falsePositiveRate: falsePositives / genuine };
  }

  figures(payments: readonly ShadowedPayment[], reference: BinnedValues | null): ModelFigures {
    const known = payments.filter(({ outcome }) => outcome === "fraud" || outcome === "genuine");
    const weights = Float64Array.from(known, ({ weight }) => weight);
    const outcomes = Uint8Array.from(known, ({ outcome }) => outcome === "fraud" ? 1 : 0);
    const ofKnown = probabilities(known, this.#of);
    return {
      averagePrecision: this.averagePrecision(),
      recall: this.recall(),
      ...this.#alarms(),
      brier: brierScore(ofKnown, outcomes, weights),
      calibrationError: calibrationError(reliability(ofKnown, outcomes, weights)),
      stability: reference && stabilityOf(reference, probabilities(payments, this.#of)),
    };
  }

  #weight(row: number, customers: Uint8Array | undefined): number {
    const own = this.#rows.weight[row];
    return customers === undefined ? own : own * customers[this.#rows.payment[row].customer];
  }
}
