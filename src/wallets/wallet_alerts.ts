import { formatAmount } from "../core/money.ts";
import type { RunOut } from "./forecast/run_out.ts";
import type { Spending } from "./spending.ts";

export interface WalletAlert {
  readonly code: "empty" | "runs_out_soon" | "much_is_held" | "spending_above_usual";
  readonly severity: "info" | "warning" | "critical";
  /** Names the figure it follows from. */
  readonly message: string;
}

const SOON_DAYS = 7;
const HELD_SHARE_MAX = 0.5;

/** What an owner would want to be told, most urgent first. */
export function walletAlerts({ currency, availableMinor, heldMinor, ledgerMinor, runOut, spending }: {
  currency: string;
  availableMinor: bigint;
  heldMinor: bigint;
  ledgerMinor: bigint;
  runOut: RunOut;
  spending: Spending;
}): WalletAlert[] {
  const alerts: WalletAlert[] = [];
  const show = (minor: bigint | number) => `${formatAmount(BigInt(minor), currency)} ${currency}`;
  if (availableMinor === 0n) {
    alerts.push({
      code: "empty",
      severity: "critical",
      message: `Nothing is available: ${show(heldMinor)} is held.`,
    });
  } else if (runOut.basis === "forecast" && runOut.lowDays !== null && runOut.lowDays <= SOON_DAYS) {
    alerts.push({
      code: "runs_out_soon",
      severity: runOut.medianDays !== null && runOut.medianDays <= SOON_DAYS ? "critical" : "warning",
      message: `In one of ten forecasts ${show(availableMinor)} lasts at most ${runOut.lowDays} days` +
        (runOut.medianDays === null ? "." : `, in half of them ${runOut.medianDays}.`),
    });
  }
  if (heldMinor > 0n && Number(heldMinor) >= HELD_SHARE_MAX * Number(ledgerMinor)) {
    alerts.push({
      code: "much_is_held",
      severity: "warning",
      message: `${show(heldMinor)} of ${
        show(ledgerMinor)
      } is held for payments or transfers that are not finished.`,
    });
  }
  if (spending.basis !== "insufficient_data") {
    for (const one of spending.categories) {
      if (one.verdict !== "above_usual") continue;
      alerts.push({
        code: "spending_above_usual",
        severity: "info",
        message: `${show(Math.round(one.lastWeekMinor))} on ${one.category} in 7 days; the usual week is ${
          show(one.usualMinor)
        } (${spending.weeks} weeks).`,
      });
    }
  }
  return alerts;
}
