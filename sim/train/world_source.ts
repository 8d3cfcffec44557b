import { STORY_NAMES } from "../fraud/story_names.ts";
import { NO_REPORT } from "../world/payment_columns.ts";
import { EventReader } from "../world/to_payment_event.ts";
import { generateWorld, type WorldConfig } from "../world/world.ts";
import type { LabelledPayment, PaymentSource } from "./labelled_payment.ts";

/** What a customer pays a day on average, for the progress bar alone. */
const PAYMENTS_PER_CUSTOMER_DAY = 1.25;

/** The simulated world as training data: reports arrive as its labels say, the truth stands beside them. */
export function worldSource(config: WorldConfig): PaymentSource {
  const { seed, days, customers, startMs } = config;
  return {
    name: "default world",
    expectedPayments: Math.round(days * customers * PAYMENTS_PER_CUSTOMER_DAY),
    description: { seed, days, customers, startMs },
    *payments(): Iterable<LabelledPayment> {
      const world = generateWorld(config);
      const events = new EventReader(world.society);
      for (const { day, columns } of world.columns()) {
        for (let row = 0; row < columns.length; row++) {
          const fraud = columns.fraud[row] === 1;
          const knownAtMs = columns.labelKnownAtMs[row];
          yield {
            event: events.read(columns, row, day),
            fraud,
            label: knownAtMs === NO_REPORT ? null : { knownAtMs, fraud: columns.labelFraud[row] === 1 },
            posterior: columns.posterior[row],
            story: fraud ? STORY_NAMES[columns.story[row] - 1] : null,
          };
        }
      }
    },
  };
}
