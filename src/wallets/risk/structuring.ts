import {
  DAY_MS,
  dollars,
  type JudgedPast,
  type JudgedTransfer,
  type Pattern,
  totalUsd,
  within,
} from "./past.ts";

/** Where reporting or identification begins in many places, in dollars. */
const LIMITS_USD = [1_000, 10_000] as const;
/** How far below a limit an amount looks chosen to stay below it. */
const BAND = 0.1;
const TRANSFERS_MIN = 3;
const WINDOW_MS = 3 * DAY_MS;

/** Several transfers of one sender within days, each just below a limit: a large amount cut up to pass under it. */
export function structuring(
  { amountUsd, atMs }: JudgedTransfer,
  { sender }: JudgedPast,
): Pattern | null {
  for (const limitUsd of LIMITS_USD) {
    const justBelow = (usd: number) => usd < limitUsd && usd >= limitUsd * (1 - BAND);
    if (!justBelow(amountUsd)) continue;
    const alike = within(sender.sent, atMs, WINDOW_MS).filter((one) => justBelow(one.amountUsd));
    const transfers = alike.length + 1;
    if (transfers < TRANSFERS_MIN) return null;
    return {
      pattern: "structuring",
      weight: Math.min(3.5, 2.6 + 0.4 * (transfers - TRANSFERS_MIN)),
      about: "Several transfers within days, each just below a limit.",
      evidence: {
        transfers_below_limit: transfers,
        limit_usd: limitUsd,
        total_usd: dollars(totalUsd(alike) + amountUsd),
        window_hours: WINDOW_MS / 3_600_000,
      },
    };
  }
  return null;
}
