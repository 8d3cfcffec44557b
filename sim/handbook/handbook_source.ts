import { DAY_MS } from "../../src/fraud/features/windows.ts";
import type { LabelledPayment, PaymentSource } from "../train/labelled_payment.ts";
import { handbookPosterior, LABEL_DELAY_DAYS } from "./handbook_posterior.ts";
import { type HandbookConfig, handbookWorld } from "./handbook_world.ts";

/** What the preset's payments do not have: everybody is in one place and shops at one kind of shop. */
export const UNKNOWN_COUNTRY = "ZZ";
const SCENARIO_NAMES = ["", "large_amount", "terminal", "customer"];
const LEAST_AMOUNT_USD = 0.01;

/** The book's world as training data: every label is right and known after seven days. */
export function handbookSource(config: HandbookConfig): PaymentSource {
  const world = handbookWorld(config);
  const { seed, days, customers, terminals } = config;
  return {
    name: "handbook",
    expectedPayments: world.count,
    description: { seed, days, customers, terminals },
    *payments(): Iterable<LabelledPayment> {
      const posterior = handbookPosterior(world);
      const sinceMs = new Float64Array(customers);
      let lastMs = -Infinity;
      for (let row = 0; row < world.count; row++) {
        const atMs = config.startMs + world.day[row] * DAY_MS + world.second[row] * 1000;
        const scenario = world.scenario[row];
        const customerId = String(world.customer[row]);
        // Payments of one second follow each other by a millisecond: the engine wants an order.
        lastMs = Math.max(atMs, lastMs + 1);
        yield {
          event: {
            paymentId: String(row),
            occurredAtMs: lastMs,
            customerId,
            cardId: null,
            deviceId: null,
            merchantId: String(world.terminal[row]),
            amountUsd: Math.max(LEAST_AMOUNT_USD, world.amountCents[row] / 100),
            currency: "USD",
            method: "card",
            merchantCategory: "unknown",
            merchantCountry: UNKNOWN_COUNTRY,
            country: UNKNOWN_COUNTRY,
            customerCountry: UNKNOWN_COUNTRY,
            cardCountry: null,
            customerSinceMs: sinceMs[world.customer[row]] ||= lastMs,
          },
          fraud: scenario > 0,
          label: { knownAtMs: lastMs + LABEL_DELAY_DAYS * DAY_MS, fraud: scenario > 0 },
          posterior: posterior[row],
          story: scenario === 0 ? null : SCENARIO_NAMES[scenario],
        };
      }
    },
  };
}
