import { expect } from "expect";
import { forecastRunOut } from "./forecast/run_out.ts";
import { spendingOf } from "./spending.ts";
import { walletAlerts } from "./wallet_alerts.ts";

/** Ten dollars a day, for a month. */
const STEADY = Array(30).fill(-1_000);

function alertsOf({ ledgerMinor, heldMinor = 0n, weeks = [] }: {
  ledgerMinor: bigint;
  heldMinor?: bigint;
  weeks?: number[];
}) {
  const availableMinor = ledgerMinor - heldMinor;
  const spending = spendingOf(
    weeks.map((spent, week) => ({ category: "grocery", week, spent, payments: 1 })),
  );
  return walletAlerts({
    currency: "USD",
    availableMinor,
    heldMinor,
    ledgerMinor,
    runOut: forecastRunOut(Number(availableMinor), STEADY, 7),
    spending,
  }).map(({ code, severity, message }) => [code, severity, message]);
}

Deno.test("each alert comes when its figure says so, names it, and does not come otherwise", () => {
  const usual = [5_100, 5_000, 4_800, 5_200, 5_000, 5_000, 5_000];
  expect(alertsOf({ ledgerMinor: 100_000n, weeks: usual })).toEqual([]);
  expect(alertsOf({ ledgerMinor: 5_000n })).toEqual([
    [
      "runs_out_soon",
      "critical",
      "In one of ten forecasts 50.00 USD lasts at most 5 days, in half of them 5.",
    ],
  ]);
  expect(alertsOf({ ledgerMinor: 100_000n, heldMinor: 50_000n })).toEqual([
    [
      "much_is_held",
      "warning",
      "500.00 USD of 1000.00 USD is held for payments or transfers that are not finished.",
    ],
  ]);
  expect(alertsOf({ ledgerMinor: 100_000n, heldMinor: 49_999n })).toEqual([]);
  expect(alertsOf({ ledgerMinor: 2_000n, heldMinor: 2_000n }).map(([code]) => code)).toEqual([
    "empty",
    "much_is_held",
  ]);
  expect(alertsOf({ ledgerMinor: 100_000n, weeks: [20_000, ...usual.slice(1)] })).toEqual([
    [
      "spending_above_usual",
      "info",
      "200.00 USD on grocery in 7 days; the usual week is 50.00 USD (5 weeks).",
    ],
  ]);
});
