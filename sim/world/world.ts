import { assert } from "../../src/core/assert.ts";
import { hash32, Random } from "../../src/core/random.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { STORIES } from "../fraud/stories.ts";
import { genuinePayments } from "./genuine_payments.ts";
import { drawLabel } from "./labels.ts";
import { Society } from "./society.ts";
import {
  DEFAULT_LIVE_DAYS,
  type DraftPayment,
  type SimCard,
  type SimCustomer,
  type SimMerchant,
  type SimPayment,
  type WorldConfig,
} from "./types.ts";

export type { SimCard, SimCustomer, SimMerchant, SimPayment, WorldConfig } from "./types.ts";

export interface World {
  readonly config: WorldConfig;
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
}

const INDEX_STEP_PER_DAY = 10_000_000;

/** The world of a seed: the same on every machine, byte for byte. Holds the people, not their payments. */
export function generateWorld(config: WorldConfig): World {
  assert(
    Number.isInteger(config.startMs / DAY_MS),
    `A world starts at midnight UTC, not at ${config.startMs}.`,
  );
  assert(config.customers >= 1 && config.days >= 1, "A world has at least one customer and one day.");
  const society = new Society(config);
  const { customers, merchants, cards } = society;
  const lastDay = config.days + (config.liveDays ?? DEFAULT_LIVE_DAYS);
  return {
    config,
    customers,
    merchants,
    cards,
    customerById: new Map(customers.map((customer) => [customer.customerId, customer])),
    merchantById: new Map(merchants.map((merchant) => [merchant.merchantId, merchant])),
    cardById: new Map(cards.map((card) => [card.paymentMethodId, card])),
    *payments(fromDay = 0, toDay = config.days) {
      assert(
        fromDay >= 0 && toDay <= lastDay,
        `Days ${fromDay} to ${toDay} are not all within the world's days 0 to ${lastDay}. Raise liveDays.`,
      );
      const random = new Random(config.seed);
      const campaigns = new Map<string, DraftPayment[]>();
      for (let day = fromDay; day < toDay; day++) {
        yield* paymentsOfDay(society, day, random, campaigns);
      }
    },
  };
}

function* paymentsOfDay(
  society: Society,
  day: number,
  random: Random,
  campaigns: Map<string, DraftPayment[]>,
): Iterable<SimPayment> {
  const fromMs = society.startMs + day * DAY_MS;
  const untilMs = fromMs + DAY_MS;
  const drafts = genuinePayments(society, day, random.fork(`genuine/${day}`));
  for (const story of STORIES) {
    for (let begun = Math.max(0, day - story.longestDays); begun <= day; begun++) {
      const key = `${story.name}/${begun}`;
      let told = campaigns.get(key);
      if (!told) campaigns.set(key, told = story.campaigns(society, begun, random.fork(key)));
      for (const draft of told) drafts.push(draft);
    }
    campaigns.delete(`${story.name}/${day - story.longestDays}`);
  }
  const today = drafts.filter((draft) =>
    draft.occurredAtMs >= fromMs && draft.occurredAtMs < untilMs - 1000 &&
    society.isActive(draft.customer, draft.occurredAtMs)
  );
  today.sort((a, b) => a.occurredAtMs - b.occurredAtMs);

  const labels = random.fork(`labels/${day}`);
  let lastMs = fromMs - 1;
  for (let place = 0; place < today.length; place++) {
    const draft = today[place];
    // Two payments in one millisecond may touch one merchant; the later one waits.
    const occurredAtMs = Math.max(draft.occurredAtMs, lastMs + 1);
    lastMs = occurredAtMs;
    assert(occurredAtMs < untilMs && place < INDEX_STEP_PER_DAY, `Day ${day} holds too many payments.`);
    yield {
      index: day * INDEX_STEP_PER_DAY + place,
      occurredAtMs,
      customerId: society.customers[draft.customer].customerId,
      paymentMethodId: society.cards[draft.card].paymentMethodId,
      merchantId: society.merchants[draft.merchant].merchantId,
      deviceId: draft.deviceId,
      ipAddress: ipAddressOf(draft),
      country: draft.country,
      currency: draft.currency,
      amountMinor: draft.amountMinor,
      method: "card",
      truth: { fraud: draft.story !== null, story: draft.story },
      ...drawLabel(draft.story, occurredAtMs, labels.fork(place)),
    };
  }
}

/** From the block that is reserved for benchmarks, 198.18.0.0/15: it is nobody's. */
function ipAddressOf(draft: DraftPayment): string {
  const bits = hash32(`${draft.deviceId ?? draft.customer}/${draft.country}`);
  return `198.${18 + (bits & 1)}.${(bits >>> 8) & 255}.${(bits >>> 16) & 255}`;
}
