import { DAY_MS } from "../../src/fraud/features/windows.ts";
import {
  REFUND_HABITS,
  REFUND_REASONS,
  REFUND_REPORTING,
  REFUND_WRONGLY_ACCUSED_SHARE,
  type RefundReason,
} from "../fraud/refund_abuse.ts";
import { CATEGORIES } from "./categories.ts";
import { CURRENCY_CODES } from "./countries.ts";
import { TRAIT } from "./customers.ts";
import { Draw, PURPOSE } from "./draw.ts";
import { customerIdOf, merchantIdOf } from "./ids.ts";
import { drawFraudLabel, reportDelayMs } from "./labels.ts";
import type { PaymentColumns } from "./payment_columns.ts";
import { CHANNEL } from "./types.ts";
import { INDEX_STEP_PER_DAY, type World } from "./world.ts";

/** A customer asks for money back. */
export interface RefundRequest {
  /** The payment it is about: {@link SimPayment.index}. */
  readonly paymentIndex: number;
  readonly requestedAtMs: number;
  readonly customerId: string;
  readonly merchantId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly reason: RefundReason;
  readonly truth: {
    readonly fraud: boolean;
    readonly story: "refund_abuse" | null;
    readonly posterior: number;
  };
  readonly labelKnownAtMs: number | null;
  readonly labelFraud: boolean;
}

/** Nobody asks later. */
const LONGEST_REFUND_DAYS = 30;
const ONLINE_CHANCE = 0.02;
const IN_STORE_CHANCE = 0.006;
const PARTIAL_SHARE = 0.15;
const BY_CATEGORY: Readonly<Record<string, number>> = { fashion: 4, electronics: 2, home: 1.5, travel: 1.2 };
const CATEGORY_FACTOR = Float64Array.from(CATEGORIES, ({ name }) => BY_CATEGORY[name] ?? 0.6);

/**
 * The refund requests made on the days from `fromDay` to before `toDay`, in order. They follow from the payments of
 * the 30 days before: any part equals the same part of the whole.
 */
export function* refundRequests(
  world: World,
  fromDay = 0,
  toDay = world.config.days,
): Iterable<RefundRequest> {
  const { startMs, seed } = world.config;
  const draw = new Draw(seed);
  const byDay = new Map<number, RefundRequest[]>();
  for (const { day, columns } of world.columns(Math.max(0, fromDay - LONGEST_REFUND_DAYS), toDay)) {
    for (let row = 0; row < columns.length; row++) {
      draw.at(PURPOSE.refund, day, row);
      const request = requestFor(world, columns, row, day, draw);
      if (request === null) continue;
      const on = Math.floor((request.requestedAtMs - startMs) / DAY_MS);
      const sameDay = byDay.get(on);
      if (sameDay) sameDay.push(request);
      else byDay.set(on, [request]);
    }
    const today = byDay.get(day) ?? [];
    byDay.delete(day);
    if (day >= fromDay) {
      yield* today.sort((a, b) => a.requestedAtMs - b.requestedAtMs || a.paymentIndex - b.paymentIndex);
    }
  }
}

function requestFor(
  { society }: World,
  columns: PaymentColumns,
  row: number,
  day: number,
  draw: Draw,
): RefundRequest | null {
  // What a thief bought is charged back, not sent back.
  if (columns.fraud[row] === 1 || columns.channel[row] === CHANNEL.subscription) return null;
  const customer = columns.customer[row];
  const merchant = columns.merchant[row];
  const habits = (society.people.traits[customer] & TRAIT.returner) !== 0
    ? REFUND_HABITS.returner
    : REFUND_HABITS.others;
  const usual = columns.channel[row] === CHANNEL.inStore ? IN_STORE_CHANCE : ONLINE_CHANCE;
  if (!draw.chance(usual * CATEGORY_FACTOR[society.merchants.category[merchant]] * habits.eagerness)) {
    return null;
  }
  const delayDays = 0.2 + draw.logNormal(Math.log(4), 0.8);
  if (delayDays >= LONGEST_REFUND_DAYS) return null;
  const requestedAtMs = columns.occurredAtMs[row] + Math.floor(delayDays * DAY_MS);
  const reason = draw.cumulative(habits.reasons);
  const share = draw.chance(PARTIAL_SHARE) ? draw.between(0.2, 0.9) : 1;
  const posterior = habits.untrueByReason[reason];
  const fraud = draw.chance(posterior);
  const label = fraud
    ? drawFraudLabel(REFUND_REPORTING, requestedAtMs, draw)
    : draw.chance(REFUND_WRONGLY_ACCUSED_SHARE)
    ? { labelKnownAtMs: requestedAtMs + reportDelayMs(draw), labelFraud: true }
    : { labelKnownAtMs: null, labelFraud: false };
  return {
    paymentIndex: day * INDEX_STEP_PER_DAY + row,
    requestedAtMs,
    customerId: customerIdOf(customer),
    merchantId: merchantIdOf(merchant),
    amountMinor: Math.max(1, Math.floor(columns.amountMinor[row] * share)),
    currency: CURRENCY_CODES[columns.currency[row]],
    reason: REFUND_REASONS[reason],
    truth: { fraud, story: fraud ? "refund_abuse" : null, posterior },
    ...label,
  };
}
