import { toRfc3339 } from "../core/clock.ts";
import { formatAmount } from "../core/money.ts";
import type { ChargeRecord } from "./charge_log.ts";

/** One key's record as a JSON line: what `deno task charges` prints and `GET /charges` answers. */
export function chargeLine(record: ChargeRecord): string {
  const { provider, key, chargeId, amountMinor, currency, state, code, refundedMinor, createdAtMs } = record;
  return JSON.stringify({
    provider,
    key,
    charge_id: chargeId,
    // A key that was voided before anything was charged has no amount.
    amount: currency === "" ? null : formatAmount(amountMinor, currency),
    amount_minor: Number(amountMinor),
    currency,
    state,
    code: state === "action_required" ? null : code,
    refunded_minor: Number(refundedMinor ?? 0n),
    created_at: toRfc3339(createdAtMs),
  });
}
