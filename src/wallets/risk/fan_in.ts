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

const SENDERS_MIN = 4;
const TOTAL_MIN_USD = 800;

/**
 * Many who never paid this wallet before pay it within a day, as the victims of one fraud pay their collector.
 * Flatmates who share a rent pay the same person too, but every month: they are no new senders.
 */
export function fanIn(
  { fromId, toKind, amountUsd, atMs }: JudgedTransfer,
  { receiver }: JudgedPast,
): Pattern | null {
  if (toKind !== "wallet") return null;
  const today = within(receiver.received, atMs, DAY_MS);
  const before = knownADayBefore(receiver.received, atMs);
  const fresh = today.filter(({ otherId }) => !before.has(otherId));
  const senders = new Set(fresh.map(({ otherId }) => otherId));
  let total = totalUsd(fresh);
  if (!before.has(fromId)) {
    senders.add(fromId);
    total += amountUsd;
  }
  if (senders.size < SENDERS_MIN || total < TOTAL_MIN_USD) return null;
  return {
    pattern: "fan_in",
    weight: crowdWeight(senders.size, SENDERS_MIN),
    about: "Many wallets that never paid this receiver before pay it within a day.",
    evidence: {
      new_senders: senders.size,
      total_usd: dollars(total),
      window_hours: 24,
      earlier_senders: before.size,
    },
  };
}
