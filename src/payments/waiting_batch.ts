import type { TracePoint } from "../core/trace.ts";
import { isConnectionLost, RACE_TRIES } from "../db/lost_race.ts";
import type { AcceptItem, AcceptResult } from "./accept_payments.ts";
import type { PaymentAnswer } from "./payment_answer.ts";
import type { SettledWrite } from "./settle_payments.ts";

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly from: TracePoint;
  tries: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}
/** A payment that waits to be accepted. */
export type Accepting = Waiting<AcceptItem, AcceptResult>;
/** A payment that waits to be settled. */
export type Settling = Waiting<SettledWrite, PaymentAnswer>;

export interface Batch {
  readonly accepting: readonly Accepting[];
  readonly settling: readonly Settling[];
  /** How many batches had failed when this one began to take its states. */
  failedBefore: number;
}

export function batchOf(accepting: readonly Accepting[], settling: readonly Settling[]): Batch {
  return { accepting, settling, failedBefore: 0 };
}

/** After a lost connection nobody knows; a second try finds out. */
export function mayBeStored(waiting: readonly (Accepting | Settling)[], error: unknown): boolean {
  return isConnectionLost(error) && waiting.every((entry) => entry.tries++ === 0);
}

/** Those that may try again; the others are rejected with `error`. */
export function withTriesLeft<Entry extends Waiting<never, never> | Accepting | Settling>(
  waiting: readonly Entry[],
  error: unknown,
): Entry[] {
  return waiting.filter((entry) => {
    if (++entry.tries < RACE_TRIES) return true;
    entry.reject(error);
    return false;
  });
}
