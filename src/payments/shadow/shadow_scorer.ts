import { Rounds } from "../../core/rounds.ts";
import { DECLINE_AT_SCORE, type FraudModelPort, screenPayment } from "../../fraud/screen_payment.ts";
import type { PaymentService } from "../payment_service.ts";
import {
  readUnscored,
  registerChallenger,
  type ScreenedPayment,
  type ShadowPlace,
  type ShadowScore,
  storeShadowScores,
} from "./shadow_store.ts";

export interface ShadowEvents {
  /** Both models have judged a stored payment: whether each would decline it. */
  shadowed(champion: "decline" | "pass", challenger: "decline" | "pass"): void;
}

/**
 * How long after it was asked for a payment may still be committed. It takes a full queue of payments and a slow disk to
 * come near; a payment that took longer stays unscored until the next start, and the promotion's evidence counts it.
 */
const COMMITTED_WITHIN_MS = 15_000;
/** How far another server's clock may be ahead. Beyond it lies only history that was loaded for days to come. */
const CLOCKS_APART_MS = 60_000;
/** Payments of one round trip. */
const BATCH_MAX = 500;
/** Payments scored without letting others have the processor: half a millisecond. */
const SLICE = 32;
/** While so many payments wait for their group commit, the shadow waits too. */
const BUSY_ABOVE = 64;

/**
 * Scores every stored payment with a challenger, beside the champion that decided it: after the payment and apart from
 * it. It reads the vectors that the payments were stored with, so what it judges is to the bit what the champion judged,
 * a crash loses nothing, and payments that another server accepted are scored too. It falls behind under load, and says
 * by how much; it never makes a payment wait, and decides nothing.
 */
export class ShadowScorer {
  readonly #service: Pick<PaymentService, "pool" | "clock" | "queued">;
  readonly #challenger: FraudModelPort;
  readonly #events: ShadowEvents;
  /** Payments from here on are looked at; null before the first round. */
  #fromMs: number | null = null;
  /** When the last round began after which nothing was left. */
  #caughtUpMs: number;

  constructor(
    service: Pick<PaymentService, "pool" | "clock" | "queued">,
    challenger: FraudModelPort,
    events: ShadowEvents,
  ) {
    this.#service = service;
    this.#challenger = challenger;
    this.#events = events;
    this.#caughtUpMs = service.clock.nowMs();
  }

  /** How old what is not scored yet may be. */
  get behindMs(): number {
    return Math.max(0, this.#service.clock.nowMs() - this.#caughtUpMs);
  }

  /** Scores all that is there and not scored; ends early where payments wait. Returns how many it scored. */
  async round(isStopped: () => boolean = () => false): Promise<number> {
    const { pool, clock } = this.#service;
    const { modelVersion } = this.#challenger;
    this.#fromMs ??= await registerChallenger(pool, modelVersion, clock.nowMs());
    const beganMs = clock.nowMs();
    const window = { fromMs: this.#fromMs, untilMs: beganMs + CLOCKS_APART_MS };
    let scored = 0;
    for (let after: ShadowPlace | null = null;;) {
      if (isStopped() || this.#service.queued.accept > BUSY_ABOVE) return scored;
      const payments = await readUnscored(pool, modelVersion, window, after, BATCH_MAX);
      if (payments.length > 0) {
        await storeShadowScores(pool, modelVersion, await this.#score(payments), clock.nowMs());
        scored += payments.length;
        after = payments[payments.length - 1];
      }
      if (payments.length === BATCH_MAX) continue;
      this.#caughtUpMs = beganMs;
      this.#fromMs = Math.max(this.#fromMs, beganMs - COMMITTED_WITHIN_MS);
      return scored;
    }
  }

  async #score(payments: readonly ScreenedPayment[]): Promise<ShadowScore[]> {
    const scores: ShadowScore[] = [];
    for (const { vector, ...payment } of payments) {
      // As the screen would show it, rules included: the stored score of the champion is that as well.
      const { probability, score } = screenPayment(vector, this.#challenger, {
        isTestMethod: false,
        stepUpAt: null,
        exploration: null,
      });
      scores.push({ ...payment, challengerProbability: probability, challengerScore: score });
      this.#events.shadowed(verdict(payment.championScore), verdict(score));
      if (scores.length % SLICE === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    return scores;
  }
}

function verdict(score: number): "decline" | "pass" {
  return score >= DECLINE_AT_SCORE ? "decline" : "pass";
}

/** Runs {@link ShadowScorer.round} again and again until it is stopped. */
export class ShadowRounds extends Rounds {
  constructor(scorer: ShadowScorer, pauseMs: number, onError: (error: unknown) => void) {
    super({ work: async (isStopped) => void await scorer.round(isStopped), pauseMs, onError });
  }
}
