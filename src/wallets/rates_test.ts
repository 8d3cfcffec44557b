import { expect } from "expect";
import fc from "fast-check";
import { CURRENCIES } from "../core/money.ts";
import { convertCredit, convertDebit, readRates, showRate, tableRates } from "./rates.ts";

const RATES = tableRates({
  date: "2026-01-02",
  source: "test",
  usdForOne: { USD: "1", EUR: "1.1700", JPY: "0.0064", KWD: "3.25" },
});

Deno.test("a conversion rounds to the smallest unit, and the conversion account gains what is cut", () => {
  const cases: [
    from: string,
    to: string,
    fixed: "debit" | "credit",
    given: bigint,
    debited: bigint,
    credited: bigint,
  ][] = [
    // 100.00 USD / 1.17 = 85.4700… EUR
    ["USD", "EUR", "debit", 10_000n, 10_000n, 8_547n],
    ["USD", "EUR", "credit", 8_547n, 10_000n, 8_547n],
    // 0.01 USD buys less than a cent of a euro
    ["USD", "EUR", "debit", 1n, 1n, 0n],
    ["USD", "EUR", "credit", 1n, 2n, 1n],
    ["EUR", "USD", "debit", 100n, 100n, 117n],
    ["USD", "JPY", "debit", 100n, 100n, 156n],
    ["JPY", "KWD", "debit", 1_000n, 1_000n, 1_969n],
    ["KWD", "JPY", "credit", 508n, 1_001n, 508n],
  ];
  for (const [from, to, fixed, given, debited, credited] of cases) {
    const convert = fixed === "debit" ? convertDebit : convertCredit;
    const { debitedMinor, creditedMinor } = convert(given, from, to, RATES.rate(from, to));
    expect([from, to, fixed, given, debitedMinor, creditedMinor]).toEqual([
      from,
      to,
      fixed,
      given,
      debited,
      credited,
    ]);
  }
});

Deno.test("nobody gains by converting forth and back, and nobody loses more than a unit a leg", () => {
  const codes = fc.constantFrom("USD", "EUR", "JPY", "KWD");
  fc.assert(fc.property(codes, codes, fc.bigInt(1n, 999_999_999_999n), (from, to, amount) => {
    const there = convertDebit(amount, from, to, RATES.rate(from, to));
    const back = convertDebit(there.creditedMinor, to, from, RATES.rate(to, from));
    expect(back.creditedMinor).toBeLessThanOrEqual(amount);
    // What the receiver gets is what the sender would be asked for it, to a unit of the coarser currency.
    const asked = convertCredit(there.creditedMinor, from, to, RATES.rate(from, to));
    expect(asked.debitedMinor).toBeLessThanOrEqual(amount);
  }));
});

Deno.test("the shipped table has each currency, its date and its source", async () => {
  const rates = await readRates(new URL("../../fixtures/rates/2026-01-02.json", import.meta.url));
  for (const code of Object.keys(CURRENCIES)) {
    expect(rates.rate(code, code)).toMatchObject({ date: "2026-01-02", source: expect.any(String) });
  }
  expect(showRate(rates.rate("EUR", "USD"))).toBe("1.17");
  expect(showRate(rates.rate("USD", "JPY"))).toBe("156.25");
});
