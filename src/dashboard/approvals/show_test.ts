import { expect } from "expect";
import { money, timeLeft } from "./show.ts";

Deno.test("money() sets thousands apart, whatever decimals the currency has", () => {
  const cases: [amount: string, currency: string, shown: string][] = [
    ["0.50", "USD", "0.50 USD"],
    ["999.00", "USD", "999.00 USD"],
    ["1899.00", "USD", "1,899.00 USD"],
    ["1234567.89", "EUR", "1,234,567.89 EUR"],
    ["100000", "JPY", "100,000 JPY"],
    ["12345.678", "KWD", "12,345.678 KWD"],
  ];
  for (const [amount, currency, shown] of cases) expect(money(amount, currency)).toBe(shown);
});

Deno.test("timeLeft() never shows more than there is", () => {
  const cases: [leftMs: number, shown: string][] = [
    [0, "less than a minute"],
    [59_999, "less than a minute"],
    [60_000, "1 minute"],
    [3_599_999, "59 minutes"],
    [119 * 60_000, "119 minutes"],
    [120 * 60_000, "2 hours"],
  ];
  for (const [leftMs, shown] of cases) expect(String(timeLeft(leftMs, 0))).toContain(`>${shown}</time>`);
});
