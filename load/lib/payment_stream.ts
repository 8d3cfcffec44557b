/** The file a run pays from: what the simulated customers did, in order of simulated time. */
export interface PaymentStream {
  readonly world: Readonly<Record<string, unknown>>;
  readonly payments: readonly StreamPayment[];
}

export interface StreamPayment {
  readonly arguments: StreamArguments;
  /** RFC 3339; sent with the call, so that the server's features see the world's time and not this machine's. */
  readonly simulated_at: string;
  readonly truth_fraud: boolean;
  /** True for a second sending of an earlier item's arguments and key: the answer must be the first one's. */
  readonly replay: boolean;
}

export interface StreamArguments {
  readonly amount: string;
  readonly currency: string;
  readonly idempotency_key: string;
  readonly [name: string]: unknown;
}

/** A stream item as the script uses it, with the item it repeats. */
export interface IndexedPayment extends StreamPayment {
  /** Index of the first item with the same key; its own index unless it is a replay. */
  readonly firstIndex: number;
}

/**
 * Reads a stream file and refuses one that would make a run mean something else: no payments, a key used twice
 * without being marked as a replay, a replay of nothing.
 */
export function parsePaymentStream(text: string): IndexedPayment[] {
  const stream = JSON.parse(text) as PaymentStream;
  if (!Array.isArray(stream.payments) || stream.payments.length === 0) {
    throw new Error(`The stream has no payments: it must be {"world": …, "payments": [ … ]}.`);
  }
  const firstByKey = new Map<string, number>();
  return stream.payments.map((payment, index) => {
    const key = payment.arguments?.idempotency_key;
    if (typeof key !== "string" || typeof payment.simulated_at !== "string") {
      throw new Error(`Payment ${index} of the stream has no arguments.idempotency_key or no simulated_at.`);
    }
    const firstIndex = firstByKey.get(key);
    if (payment.replay && firstIndex === undefined) {
      throw new Error(
        `Payment ${index} of the stream is a replay, but no earlier item has its key "${key}".`,
      );
    }
    if (!payment.replay && firstIndex !== undefined) {
      throw new Error(
        `Payments ${firstIndex} and ${index} of the stream share the key "${key}" without replay.`,
      );
    }
    if (firstIndex === undefined) firstByKey.set(key, index);
    return { ...payment, firstIndex: firstIndex ?? index };
  });
}

/** First-time payments and replays that can be judged among the items `[from, to)`. */
export function countShare(
  payments: readonly { readonly replay: boolean; readonly firstIndex: number }[],
  from: number,
  to: number,
): { firstTime: number; replays: number } {
  let firstTime = 0;
  let replays = 0;
  for (let index = from; index < to && index < payments.length; index++) {
    if (!payments[index].replay) firstTime++;
    // An item before `from` may have been one of the few that no iteration took.
    else if (payments[index].firstIndex >= from) replays++;
  }
  return { firstTime, replays };
}
