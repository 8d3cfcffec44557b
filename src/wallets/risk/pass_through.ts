import {
  DAY_MS,
  dollars,
  HOUR_MS,
  type JudgedPast,
  type JudgedTransfer,
  type Pattern,
  totalUsd,
  within,
} from "./past.ts";

const RECEIVED_MIN_USD = 400;
const SHARE_MIN = 0.7;
/** A wallet that sends far more than came in is spending its own. */
const SHARE_MAX = 1.15;
const FAST_MS = 3 * HOUR_MS;

/**
 * What came in within a day goes on, nearly whole, to somebody else: the wallet is a station, not a destination.
 * Giving money back to who sent it does not count, and to a payee of old it alone holds nothing: allowances are passed
 * on like that.
 */
export function passThrough(
  { toId, amountUsd, atMs }: JudgedTransfer,
  { sender }: JudgedPast,
): Pattern | null {
  const received = within(sender.received, atMs, DAY_MS).filter(({ posted }) => posted);
  const receivedUsd = totalUsd(received);
  if (receivedUsd < RECEIVED_MIN_USD || received.some(({ otherId }) => otherId === toId)) return null;
  const firstMs = Math.min(...received.map((one) => one.atMs));
  const sentOn = sender.sent.filter((one) => one.atMs >= firstMs && one.atMs <= atMs && one.posted);
  const forwardedUsd = totalUsd(sentOn) + amountUsd;
  const share = forwardedUsd / receivedUsd;
  if (share < SHARE_MIN || share > SHARE_MAX) return null;
  const latestMs = Math.max(...received.map((one) => one.atMs));
  const fast = atMs - latestMs <= FAST_MS;
  return {
    pattern: "pass_through",
    weight: fast ? 2.8 : 2.4,
    about: "Most of what the sender received within a day leaves again to somebody else.",
    evidence: {
      received_usd: dollars(receivedUsd),
      forwarded_usd: dollars(forwardedUsd),
      share: Math.round(share * 100) / 100,
      minutes_since_last_received: Math.round((atMs - latestMs) / 60_000),
      senders: new Set(received.map(({ otherId }) => otherId)).size,
    },
  };
}
