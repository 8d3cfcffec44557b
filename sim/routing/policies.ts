import { Random } from "../../src/core/random.ts";
import { routePayment } from "../../src/routing/route_payment.ts";
import { contextOf } from "../../src/routing/routing_context.ts";
import { RoutingStatistics } from "../../src/routing/routing_statistics.ts";
import type { MonthOption, MonthPayment } from "./month.ts";

/** A way to choose a provider. It sees what the server sees, except the oracle. */
export interface Policy {
  readonly name: string;
  choose(payment: MonthPayment): MonthOption;
  learn(payment: MonthPayment, option: MonthOption): void;
}

/** The server's own routing. */
export class ThompsonSampling implements Policy {
  readonly name = "Thompson sampling";
  readonly #statistics = new RoutingStatistics();
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed).fork("thompson");
  }

  choose(payment: MonthPayment): MonthOption {
    const { provider } = routePayment(
      { ...payment, method: "card" },
      payment.options,
      this.#statistics,
      this.#random,
    );
    return payment.options.find((option) => option.provider === provider)!;
  }

  learn(payment: MonthPayment, option: MonthOption): void {
    this.#statistics.learn({
      provider: option.provider,
      context: contextOf({ ...payment, method: "card" }),
      answered: option.answered,
      approved: option.answered ? option.approved : null,
    });
  }
}

export function alwaysTo(provider: string): Policy {
  return {
    name: `always ${provider}`,
    choose: ({ options }) => options.find((option) => option.provider === provider)!,
    learn: () => {},
  };
}

export function roundRobin(): Policy {
  let turn = 0;
  return { name: "round robin", choose: ({ options }) => options[turn++ % options.length], learn: () => {} };
}

/** Knows the true probabilities of this moment: nobody can do better without knowing the future. */
export function oracle(): Policy {
  return {
    name: "oracle",
    choose: ({ options }) =>
      options.reduce((best, option) => option.expectedUsd > best.expectedUsd ? option : best),
    learn: () => {},
  };
}
