import { expect } from "expect";
import fc from "fast-check";
import { CURRENCIES } from "../core/money.ts";
import { ACQUIRER_PROFILES, profileOf } from "./acquirer_profiles.ts";
import { acquirerFeeMinor } from "./fee_schedule.ts";

const HOME = ["US", "US"] as const;
const ABROAD = ["DE", "US"] as const;
const WITHIN_EUROPE = ["DE", "FR"] as const;

/** Worked out by hand: variable part and fixed part each rounded up. */
const FEES: readonly [
  acquirer: string,
  amount: bigint,
  currency: string,
  way: readonly [string, string],
  network: string,
  fee: bigint,
][] = [
  ["northbank", 10_000n, "USD", HOME, "visa", 200n], // 190 + 10
  ["northbank", 10_001n, "USD", HOME, "visa", 201n], // 190.019 → 191, + 10
  ["northbank", 10_000n, "USD", ABROAD, "visa", 350n], // 340 + 10
  ["northbank", 1n, "USD", HOME, "visa", 1n], // never above the amount
  ["northbank", 12n, "USD", HOME, "visa", 11n], // 0.228 → 1, + 10
  ["northbank", 10_000n, "USD", HOME, "amex", 260n], // 190 + 60 + 10
  ["swiftacquire", 10_000n, "USD", HOME, "visa", 145n], // 140 + 5
  ["swiftacquire", 10_000n, "USD", HOME, "amex", 235n], // 140 + 90 + 5
  ["atlaspay", 10_000n, "USD", ABROAD, "visa", 285n], // 270 + 15
  ["eurolane", 10_000n, "EUR", WITHIN_EUROPE, "visa", 171n], // 160 + 10.26 → 11
  ["eurolane", 10_000n, "EUR", ABROAD, "discover", 321n], // 130 + 120 + 60, + 11
  ["northbank", 10_000n, "EUR", HOME, "visa", 199n], // 190 + 8.55 → 9
  ["northbank", 10_000n, "JPY", HOME, "visa", 206n], // 190 + 15.6 → 16
  ["northbank", 10_000n, "KWD", HOME, "visa", 221n], // 190 + 30.8 → 31
  ["swiftacquire", 999_999_999_999n, "USD", HOME, "visa", 14_000_000_005n], // 13_999_999_999.99 → 14_000_000_000, + 5
];

Deno.test("fees are rounded up to the unit, in the provider's favour", async (t) => {
  for (const [name, amountMinor, currency, way, network, fee] of FEES) {
    await t.step(`${name} ${amountMinor} ${currency} ${way.join("→")} ${network}: ${fee}`, () => {
      const [issuerCountry, merchantCountry] = way;
      expect(
        acquirerFeeMinor(profileOf(name)!, {
          amountMinor,
          currency,
          network,
          issuerCountry,
          merchantCountry,
        }),
      ).toBe(fee);
    });
  }
});

Deno.test("a fee is never more than the amount, never less than its exact value, and never falls as amounts grow", () => {
  fc.assert(fc.property(
    fc.constantFrom(...ACQUIRER_PROFILES),
    fc.bigInt({ min: 1n, max: 999_999_999_999n }),
    fc.constantFrom(...Object.keys(CURRENCIES)),
    fc.constantFrom(HOME, ABROAD, WITHIN_EUROPE),
    fc.constantFrom("visa", "mastercard", "amex", "discover"),
    (profile, amountMinor, currency, [issuerCountry, merchantCountry], network) => {
      const terms = { amountMinor, currency, network, issuerCountry, merchantCountry };
      const fee = acquirerFeeMinor(profile, terms);
      expect(fee <= amountMinor && fee > 0n).toBe(true);
      expect(fee === amountMinor || fee * 10_000n >= amountMinor * profile.fees.basisPoints).toBe(true);
      expect(acquirerFeeMinor(profile, { ...terms, amountMinor: amountMinor + 1n }) >= fee).toBe(true);
    },
  ));
});
