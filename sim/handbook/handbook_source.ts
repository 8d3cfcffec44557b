import { outsideEvent, outsideLabel } from "../../src/fraud/features/outside_payment.ts";
import type { LabelledPayment, PaymentSource } from "../train/labelled_payment.ts";
import { handbookPosterior } from "./handbook_posterior.ts";
import { type HandbookConfig, handbookWorld } from "./handbook_world.ts";

const SCENARIO_NAMES = ["", "large_amount", "terminal", "customer"];
const DAY_S = 86_400;

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
      for (let row = 0; row < world.count; row++) {
        const scenario = world.scenario[row];
        // As whoever reads the preset's CSV has it.
        const payment = {
          txId: String(row),
          epochS: config.startMs / 1000 + world.day[row] * DAY_S + world.second[row],
          customerId: String(world.customer[row]),
          terminalId: String(world.terminal[row]),
          amount: world.amountCents[row] / 100,
          fraud: scenario > 0,
        };
        yield {
          event: outsideEvent(payment),
          fraud: payment.fraud,
          label: outsideLabel(payment),
          posterior: posterior[row],
          story: scenario === 0 ? null : SCENARIO_NAMES[scenario],
        };
      }
    },
  };
}
