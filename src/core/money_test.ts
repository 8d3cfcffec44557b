import { expect } from "expect";
import fc from "fast-check";
import { DomainError } from "./errors.ts";
import { CURRENCIES, formatAmount, MAX_AMOUNT_MINOR, parseAmount } from "./money.ts";

Deno.test("parseAmount() says what is wrong with the amount that was sent, and under which name", () => {
  const cases: [unknown, RegExp][] = [
    ["10.000000000000000001", /USD has 2 digits after the decimal point, not 18\./],
    ["-1", /as an amount of USD: it is negative\./],
    [-1, /it is negative\./],
    ["-0.50", /it is negative\./],
    ["--1", /only the digits 0 to 9 and one decimal point/],
    ["1000000000000000.001", /one payment is at most/],
    ["0000000000000000000x", /only the digits/],
  ];
  for (const [input, message] of cases) expect(() => parseAmount(input, "USD")).toThrow(message);
  expect(parseAmount("00000000000000000000.50", "USD")).toBe(50n);
  const named = expect(() => parseAmount("-1", "USD", "min_amount"));
  named.toThrow(/as min_amount in USD: it is negative/);
  named.toThrow(expect.objectContaining({ field: "min_amount" }));
});

Deno.test("parseAmount() takes exact decimals and nothing else", () => {
  const cases: [unknown, string, bigint | string][] = [
    // input            currency  minor units or error code
    [100, "USD", 10000n],
    [100.0, "USD", 10000n],
    ["100.00", "USD", 10000n],
    ["100.5", "USD", 10050n],
    [0.01, "USD", 1n],
    [1.1, "USD", 110n],
    [10, "JPY", 10n],
    [1.234, "KWD", 1234n],
    ["9999999999.99", "USD", 999_999_999_999n],
    ["10000000000.00", "USD", "amount_too_large"],
    [JSON.parse("1e309"), "USD", "amount_too_large"],
    [-0, "USD", "invalid_amount"],
    [0, "USD", "invalid_amount"],
    ["0.00", "USD", "invalid_amount"],
    [-1, "USD", "invalid_amount"],
    [2 ** 53 + 1, "USD", "amount_too_large"],
    ["9007199254740993", "USD", "amount_too_large"],
    ["1.005", "USD", "invalid_amount"],
    [1.005, "USD", "invalid_amount"],
    [0.1 + 0.2, "USD", "invalid_amount"],
    [10.5, "JPY", "invalid_amount"],
    ["1.2345", "KWD", "invalid_amount"],
    [1.2345, "KWD", "invalid_amount"],
    ["１００", "USD", "invalid_amount"],
    [NaN, "USD", "invalid_amount"],
    ["NaN", "USD", "invalid_amount"],
    ["", "USD", "invalid_amount"],
    [" 1", "USD", "invalid_amount"],
    ["1 ", "USD", "invalid_amount"],
    ["1\n", "USD", "invalid_amount"],
    ["+1", "USD", "invalid_amount"],
    ["1e2", "USD", "invalid_amount"],
    ["0x10", "USD", "invalid_amount"],
    ["1,000", "USD", "invalid_amount"],
    [".5", "USD", "invalid_amount"],
    ["5.", "USD", "invalid_amount"],
    [1e-9, "USD", "invalid_amount"],
    [null, "USD", "invalid_amount"],
    [undefined, "USD", "invalid_amount"],
    [[100], "USD", "invalid_amount"],
    [{ amount: 1 }, "USD", "invalid_amount"],
    [true, "USD", "invalid_amount"],
    [1, "XYZ", "unknown_currency"],
    [1, "usd", "unknown_currency"],
    [1, "__proto__", "unknown_currency"],
    [1, "toString", "unknown_currency"],
  ];
  for (const [input, currency, expected] of cases) {
    let outcome: bigint | string;
    try {
      outcome = parseAmount(input, currency);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      outcome = error.code;
      expect(error.message.length).toBeGreaterThan(10);
      expect(error.nextMove.length).toBeGreaterThan(10);
    }
    expect({ input: String(input), currency, outcome }).toEqual({
      input: String(input),
      currency,
      outcome: expected,
    });
  }
});

Deno.test("formatAmount() and parseAmount() are inverse for every currency and amount", () => {
  fc.assert(fc.property(
    fc.constantFrom(...Object.keys(CURRENCIES)),
    fc.bigInt({ min: 1n, max: MAX_AMOUNT_MINOR }),
    (currency, amountMinor) => {
      expect(parseAmount(formatAmount(amountMinor, currency), currency)).toBe(amountMinor);
    },
  ));
});

Deno.test("parseAmount() reads any cent amount given as a JSON number exactly", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 999_999_999 }), (cents) => {
    const asJsonNumber = JSON.parse(`${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`);
    expect(parseAmount(asJsonNumber, "USD")).toBe(BigInt(cents));
  }));
});
