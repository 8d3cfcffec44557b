import { assert } from "../../src/core/assert.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import type { Adaptation } from "../fraud/adaptation.ts";
import { Affairs } from "../fraud/affairs.ts";
import { calendarDay } from "./calendar.ts";
import { GenuinePayments } from "./genuine_payments.ts";
import { PaymentColumns } from "./payment_columns.ts";
import { cardRecord, customerRecord, merchantRecord } from "./records.ts";
import { simPayment } from "./sim_payment.ts";
import { Society } from "./society.ts";
import type { SimCard, SimCustomer, SimMerchant, SimPayment, WorldConfig } from "./types.ts";

export type { SimCard, SimCustomer, SimMerchant, SimPayment, WorldConfig } from "./types.ts";

export interface World {
  readonly config: WorldConfig;
  readonly society: Society;
  readonly customers: readonly SimCustomer[];
  readonly merchants: readonly SimMerchant[];
  readonly cards: readonly SimCard[];
  readonly customerById: ReadonlyMap<string, SimCustomer>;
  readonly merchantById: ReadonlyMap<string, SimMerchant>;
  readonly cardById: ReadonlyMap<string, SimCard>;
  /**
   * The payments of the days from `fromDay` to before `toDay` (the whole history when left out), each strictly
   * later than the one before. Any part equals the same part of the whole. Days from `config.days` on are the
   * future: the same people go on.
   */
  payments(fromDay?: number, toDay?: number): Iterable<SimPayment>;
  /**
   * The same payments, a day at a time, as columns: ten times as fast. The columns are those of the day before,
   * filled anew.
   */
  columns(
    fromDay?: number,
    toDay?: number,
  ): Iterable<{ readonly day: number; readonly columns: PaymentColumns }>;
}

/** Payment `index` = day × this + place in the day. */
export const INDEX_STEP_PER_DAY = 10_000_000;

/**
 * The world of a seed: the same on every machine, byte for byte. Holds the people, not their payments.
 * @param adaptation the thieves' memory, when they are to learn from declines; then days are asked for in order
 */
export function generateWorld(config: WorldConfig, adaptation: Adaptation | null = null): World {
  assert(
    Number.isInteger(config.startMs / DAY_MS),
    `A world starts at midnight UTC, not at ${config.startMs}.`,
  );
  assert(config.customers >= 1 && config.days >= 1, "A world has at least one customer and one day.");
  const society = new Society(config);
  const later = <T>(make: () => T): () => T => {
    let made: { value: T } | undefined;
    return () => (made ??= { value: make() }).value;
  };
  const customers = later(() => records(society.people.count, (i) => customerRecord(society, i)));
  const merchants = later(() => records(society.merchants.count, (i) => merchantRecord(society, i)));
  const cards = later(() => records(society.cards.count, (i) => cardRecord(society, i)));
  const customerById = later(() => new Map(customers().map((customer) => [customer.customerId, customer])));
  const merchantById = later(() => new Map(merchants().map((merchant) => [merchant.merchantId, merchant])));
  const cardById = later(() => new Map(cards().map((card) => [card.paymentMethodId, card])));

  function* columns(fromDay = 0, toDay = config.days) {
    assert(
      fromDay >= 0 && toDay <= society.lastDay,
      `Days ${fromDay} to ${toDay} are not all within the world's days 0 to ${society.lastDay}. Raise liveDays.`,
    );
    const genuine = new GenuinePayments(society);
    const affairs = new Affairs(society, adaptation);
    const [drawn, sorted] = [new PaymentColumns(), new PaymentColumns()];
    for (let day = fromDay; day < toDay; day++) {
      const dayStartMs = config.startMs + day * DAY_MS;
      drawn.clear();
      genuine.ofDay(day, calendarDay(dayStartMs), drawn);
      affairs.ofDay(day, drawn);
      yield { day, columns: drawn.sortByTime(dayStartMs, sorted) };
    }
  }

  function* payments(fromDay = 0, toDay = config.days) {
    const all = { customers: customers(), merchants: merchants(), cards: cards() };
    for (const { day, columns: rows } of columns(fromDay, toDay)) {
      for (let row = 0; row < rows.length; row++) {
        yield simPayment(rows, row, day * INDEX_STEP_PER_DAY + row, all);
      }
    }
  }

  return {
    config,
    society,
    get customers() {
      return customers();
    },
    get merchants() {
      return merchants();
    },
    get cards() {
      return cards();
    },
    get customerById() {
      return customerById();
    },
    get merchantById() {
      return merchantById();
    },
    get cardById() {
      return cardById();
    },
    columns,
    payments,
  };
}

function records<T>(count: number, make: (place: number) => T): T[] {
  return Array.from({ length: count }, (_, place) => make(place));
}
