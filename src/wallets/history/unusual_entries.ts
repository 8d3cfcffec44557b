import { median, robustSpread } from "../forecast/quantiles.ts";
import { type Direction, directionOf, type WalletEntry } from "./entry.ts";

export interface Unusual {
  readonly why: "amount" | "new_counterparty" | "hour";
  /** How many earlier entries it was held against. */
  readonly sampleSize: number;
  /** For an amount, how many times the usual; for an hour, the share of earlier entries near it. */
  readonly figure: number;
  /** The usual amount in minor units, where an amount is unusual. */
  readonly usualMinor: number | null;
}

/** Spreads of the logarithm from the median: about one ordinary amount in four thousand is as far. */
const AMOUNT_AT = 3.5;
/** A spread is at least this, or fixed prices would be unusual by cents. */
const LOG_SPREAD_MIN = 0.15;
const SAME_COUNTERPARTY_MIN = 6;
const SAME_KIND_MIN = 12;
const NEW_COUNTERPARTY_MIN = 20;
/** A new counterparty is worth a mark with an amount that few were above. */
const NEW_AMOUNT_SHARE = 0.95;
const HOUR_MIN = 60;
const HOUR_NEAR = 2;
const HOUR_SHARE_MAX = 0.01;

/**
 * What is unusual about entries, each held against those before it and never against later ones.
 *
 * @param entries oldest first
 * @param asked the transfers to judge; the others only stand before them. All, where none are named
 */
export function unusualEntries(
  entries: readonly WalletEntry[],
  asked?: ReadonlySet<string>,
): Map<string, Unusual[]> {
  const marks = new Map<string, Unusual[]>();
  const before: Record<Direction, WalletEntry[]> = { in: [], out: [] };
  for (const entry of entries) {
    const past = before[directionOf(entry)];
    const found = asked?.has(entry.transferId) === false
      ? []
      : [unusualAmount(entry, past), newCounterparty(entry, past), unusualHour(entry, past)]
        .filter((mark) => mark !== null);
    if (found.length > 0) marks.set(entry.transferId, found);
    past.push(entry);
  }
  return marks;
}

const size = ({ amountMinor }: WalletEntry) => Math.abs(Number(amountMinor));

/** Against the same counterparty if it is known well, else the same kind of entry. */
function unusualAmount(entry: WalletEntry, past: readonly WalletEntry[]): Unusual | null {
  const same = past.filter(({ counterparty }) => counterparty === entry.counterparty);
  const alike = past.filter(({ kind, category }) => kind === entry.kind && category === entry.category);
  const peers = same.length >= SAME_COUNTERPARTY_MIN ? same : alike.length >= SAME_KIND_MIN ? alike : null;
  if (peers === null) return null;
  const logs = peers.map((peer) => Math.log(size(peer)));
  const usual = median(logs);
  const spread = Math.max(LOG_SPREAD_MIN, robustSpread(logs));
  if (Math.log(size(entry)) - usual < AMOUNT_AT * spread) return null;
  return {
    why: "amount",
    sampleSize: peers.length,
    figure: Math.round((size(entry) / Math.exp(usual)) * 10) / 10,
    usualMinor: Math.round(Math.exp(usual)),
  };
}

function newCounterparty(entry: WalletEntry, past: readonly WalletEntry[]): Unusual | null {
  if (
    past.length < NEW_COUNTERPARTY_MIN || past.some(({ counterparty }) => counterparty === entry.counterparty)
  ) {
    return null;
  }
  const smaller = past.filter((earlier) => size(earlier) < size(entry)).length / past.length;
  if (smaller < NEW_AMOUNT_SHARE) return null;
  return {
    why: "new_counterparty",
    sampleSize: past.length,
    figure: Math.round(smaller * 100) / 100,
    usualMinor: null,
  };
}

function unusualHour(entry: WalletEntry, past: readonly WalletEntry[]): Unusual | null {
  if (past.length < HOUR_MIN) return null;
  const hour = (one: WalletEntry) => (one.atMs / 3_600_000) % 24;
  const near = past.filter((earlier) => {
    const apart = Math.abs(hour(earlier) - hour(entry));
    return Math.min(apart, 24 - apart) <= HOUR_NEAR;
  }).length / past.length;
  if (near > HOUR_SHARE_MAX) return null;
  return { why: "hour", sampleSize: past.length, figure: Math.round(near * 1000) / 1000, usualMinor: null };
}
