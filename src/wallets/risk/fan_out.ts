import {
  crowdWeight,
  DAY_MS,
  dollars,
  type JudgedPast,
  type JudgedTransfer,
  knownADayBefore,
  type Pattern,
  totalUsd,
  within,
} from "./past.ts";

const PAYEES_MIN = 4;
const TOTAL_MIN_USD = 800;

/** One wallet pays many new ones within a day, as who spreads stolen money does. */
export function fanOut(
  { toId, toKind, amountUsd, atMs }: JudgedTransfer,
  { sender }: JudgedPast,
): Pattern | null {
  if (toKind !== "wallet") return null;
  const before = knownADayBefore(sender.sent, atMs);
  if (before.has(toId)) return null;
  const fresh = within(sender.sent, atMs, DAY_MS)
    .filter(({ otherId }) => otherId.startsWith("wallet:") && !before.has(otherId));
  const payees = new Set(fresh.map(({ otherId }) => otherId)).add(toId);
  const total = totalUsd(fresh) + amountUsd;
  if (payees.size < PAYEES_MIN || total < TOTAL_MIN_USD) return null;
  return {
    pattern: "fan_out",
    weight: crowdWeight(payees.size, PAYEES_MIN),
    about: "The sender pays many wallets it never paid before within a day.",
    evidence: {
      new_payees: payees.size,
      total_usd: dollars(total),
      window_hours: 24,
      earlier_payees: before.size,
    },
  };
}
