import { dollars, type JudgedPast, type JudgedTransfer, type Pattern } from "./past.ts";

const SMALL_USD = 50;
const LARGE_USD = 1_000;

/** The sender has not paid this receiver in the transfers looked at. Everybody has new payees: weak by itself. */
export function newPayee(
  { toId, toKind, amountUsd, atMs }: JudgedTransfer,
  { sender }: JudgedPast,
): Pattern | null {
  if (toKind !== "wallet") return null;
  const sent = sender.sent.filter((one) => one.atMs <= atMs);
  if (sent.some((one) => one.otherId === toId)) return null;
  return {
    pattern: "new_payee",
    weight: amountUsd < SMALL_USD ? 0.3 : amountUsd < LARGE_USD ? 0.8 : 1.2,
    about: "The sender has not paid this wallet in the transfers looked at.",
    evidence: { transfers_looked_at: sent.length, amount_usd: dollars(amountUsd) },
  };
}
