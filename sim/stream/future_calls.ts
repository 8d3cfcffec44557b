import { toRfc3339 } from "../../src/core/clock.ts";
import { formatAmount } from "../../src/core/money.ts";
import { Random } from "../../src/core/random.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { DEFAULT_LIVE_DAYS, type SimPayment } from "../world/types.ts";
import type { KnownWorld } from "./known_world.ts";

/** One call of create_payment as a simulated customer makes it. */
export interface FutureCall {
  readonly arguments: {
    readonly amount: string;
    readonly currency: string;
    readonly method: string;
    readonly customer_id: string;
    readonly payment_method_id: string;
    readonly merchant_id: string;
    readonly device_id?: string;
    readonly ip_address: string;
    readonly country: string;
    readonly address_id?: string;
    readonly idempotency_key: string;
  };
  readonly simulated_at: string;
  readonly truth_fraud: boolean;
  /** The same call once more, as a client repeats it that has not seen the answer. */
  readonly replay: boolean;
}

/** Of all calls, those that are sent a second time; and how many calls later that is. */
const REPLAY_SHARE = 0.03;
const REPLAY_AFTER_CALLS = 400;

/** The world's next payments, in order, after what the tenant has reached; a few are repeated later. */
export function* futureCalls({ world, reachedMs }: KnownWorld): Iterable<FutureCall> {
  const { config } = world;
  const random = new Random(config.seed).fork("replays");
  const firstDay = Math.max(config.days, Math.floor((reachedMs - config.startMs) / DAY_MS));
  const lastDay = config.days + (config.liveDays ?? DEFAULT_LIVE_DAYS);
  const repeats: { at: number; call: FutureCall }[] = [];
  let sent = 0;
  for (const payment of world.payments(firstDay, lastDay)) {
    if (payment.occurredAtMs <= reachedMs) continue;
    const call = callOf(payment, config.seed);
    yield call;
    sent++;
    if (random.chance(REPLAY_SHARE)) {
      repeats.push({ at: sent + REPLAY_AFTER_CALLS, call: { ...call, replay: true } });
    }
    while (repeats.length > 0 && repeats[0].at <= sent) yield repeats.shift()!.call;
  }
}

function callOf(payment: SimPayment, seed: number): FutureCall {
  return {
    arguments: {
      amount: formatAmount(BigInt(payment.amountMinor), payment.currency),
      currency: payment.currency,
      method: payment.method,
      customer_id: payment.customerId,
      payment_method_id: payment.paymentMethodId,
      merchant_id: payment.merchantId,
      ...(payment.deviceId === null ? {} : { device_id: payment.deviceId }),
      ip_address: payment.ipAddress,
      country: payment.country,
      ...(payment.addressId === null ? {} : { address_id: payment.addressId }),
      idempotency_key: `sim-${seed}-${payment.index}`,
    },
    simulated_at: toRfc3339(payment.occurredAtMs),
    truth_fraud: payment.truth.fraud,
    replay: false,
  };
}
