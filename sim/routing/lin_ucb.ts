import { contextOf } from "../../src/routing/routing_context.ts";
import { RoutingStatistics } from "../../src/routing/routing_statistics.ts";
import type { MonthOption, MonthPayment } from "./month.ts";
import type { Policy } from "./policies.ts";

/**
 * LinUCB (Li et al. 2010), what Thompson sampling was measured against: over the same fading statistics and the same
 * regression, and the same rule for amounts, it takes the provider whose upper confidence bound promises most. Nothing is
 * left to chance.
 */
export class LinUcb implements Policy {
  readonly name: string;
  readonly #statistics = new RoutingStatistics();
  readonly #alpha: number;

  /** @param alpha deviations between the mean and the bound */
  constructor(alpha: number) {
    this.name = `LinUCB, alpha ${alpha}`;
    this.#alpha = alpha;
  }

  choose(payment: MonthPayment): MonthOption {
    const context = contextOf({ ...payment, method: "card" });
    const alpha = this.#statistics.mayExplore(payment.amountUsd) ? this.#alpha : 0;
    const bound = (option: MonthOption) => {
      const { mean, deviation } = this.#statistics.approval(option.provider, context);
      return this.#answers(option.provider, alpha) * Math.min(1, mean + alpha * deviation) *
        Number(payment.amountMinor - option.feeMinor);
    };
    const chosen = payment.options.reduce((best, option) => bound(option) > bound(best) ? option : best);
    this.#statistics.sent(chosen.provider);
    return chosen;
  }

  learn(payment: MonthPayment, { provider, answered, approved }: MonthOption): void {
    this.#statistics.learn({
      provider,
      context: contextOf({ ...payment, method: "card" }),
      answered,
      approved: answered ? approved : null,
    });
  }

  /** The bound of the Beta distribution that Thompson sampling draws from. */
  #answers(provider: string, alpha: number): number {
    const { successes, failures } = this.#statistics.health(provider);
    if (failures === 0) return 1;
    const total = successes + failures;
    const deviation = Math.sqrt(successes * failures / (total * total * (total + 1)));
    return Math.min(1, successes / total + alpha * deviation);
  }
}
