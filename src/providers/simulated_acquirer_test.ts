import { expect } from "expect";
import fc from "fast-check";
import { ManualClock } from "../core/clock.ts";
import { CURRENCIES } from "../core/money.ts";
import { ACQUIRER_PROFILES, type AcquirerProfile } from "./acquirer_profiles.ts";
import { ChargeLog } from "./charge_log.ts";
import { type ChargeRequest, ProviderTimeout } from "./provider.ts";
import { acquirerFeeMinor, SimulatedAcquirer } from "./simulated_acquirer.ts";

const [PROFILE] = ACQUIRER_PROFILES;
const LONG_MS = 60_000;
const request = (key: string, paymentMethodId = "pm_card_visa"): ChargeRequest => ({
  key,
  amountMinor: 1_000n,
  currency: "USD",
  paymentMethodId,
  network: "visa",
  issuerCountry: "US",
  merchantCountry: "US",
});

function acquirer(path = ":memory:"): { log: ChargeLog; provider: SimulatedAcquirer } {
  const log = new ChargeLog(path);
  return { log, provider: new SimulatedAcquirer(PROFILE, log, new ManualClock(0), 0) };
}

Deno.test("one key is charged once, whoever asks how often", async () => {
  const { log, provider } = acquirer();
  const replies = await Promise.all(Array.from({ length: 50 }, () => provider.charge(request("k"), LONG_MS)));
  for (const reply of replies) expect(reply).toEqual(replies[0]);
  // Also when the repeated request says something else: the key decides.
  expect(await provider.charge({ ...request("k", "pm_card_declined"), amountMinor: 9n }, LONG_MS)).toEqual(
    replies[0],
  );
  expect([...log.all()].map(({ amountMinor, state }) => [amountMinor, state])).toEqual([[
    1_000n,
    "captured",
  ]]);
  log.close();
});

Deno.test("a voided key is never charged, and a charged one is not voided", async () => {
  const { log, provider } = acquirer();
  expect(await provider.findCharge("v", LONG_MS)).toBe(null);
  expect(await provider.voidKey("v", LONG_MS)).toEqual({ outcome: "voided" });
  expect(await provider.charge(request("v"), LONG_MS)).toEqual({ outcome: "voided" });
  expect(await provider.findCharge("v", LONG_MS)).toEqual({ outcome: "voided" });
  const charged = await provider.charge(request("c"), LONG_MS);
  expect(await provider.voidKey("c", LONG_MS)).toEqual(charged);
  const declined = await provider.charge(request("d", "pm_card_declined"), LONG_MS);
  expect(await provider.voidKey("d", LONG_MS)).toEqual(declined);
  log.close();
});

Deno.test("pm_card_timeout gives no reply and charges nothing; pm_card_charged_reply_lost charges all the same", async () => {
  const { log, provider } = acquirer();
  await expect(provider.charge(request("t", "pm_card_timeout"), 20)).rejects.toThrow(ProviderTimeout);
  expect(await provider.findCharge("t", LONG_MS)).toBe(null);
  await expect(provider.charge(request("l", "pm_card_charged_reply_lost"), 20)).rejects.toThrow(
    ProviderTimeout,
  );
  expect(await provider.findCharge("l", LONG_MS)).toMatchObject({ outcome: "approved" });
  log.close();
});

Deno.test("the log is read by another process's handle while it is written, and outlives both", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/charges.sqlite`;
  const { log, provider } = acquirer(path);
  const first = await provider.charge(request("a"), LONG_MS);
  const reader = new ChargeLog(path);
  expect(reader.find(PROFILE.name, "a")).toEqual(first);
  await provider.charge(request("b"), LONG_MS);
  expect([...reader.all()].map(({ key }) => key)).toEqual(["a", "b"]);
  reader.close();
  log.close();
  const again = acquirer(path);
  expect(await again.provider.charge(request("a"), LONG_MS)).toEqual(first);
  again.log.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a charge that arrives after the provider has shut down fails and takes nothing with it", async () => {
  const { log, provider } = acquirer();
  log.close();
  await expect(provider.charge(request("late"), LONG_MS)).rejects.toThrow();
});

/** Worked out by hand: variable part and fixed part each rounded up. */
const FEES: readonly [acquirer: string, amount: bigint, currency: string, abroad: boolean, fee: bigint][] = [
  ["northbank", 10_000n, "USD", false, 200n], // 190 + 10
  ["northbank", 10_001n, "USD", false, 201n], // 190.019 → 191, + 10
  ["northbank", 10_000n, "USD", true, 350n], // 340 + 10
  ["northbank", 1n, "USD", false, 1n], // never above the amount
  ["northbank", 12n, "USD", false, 11n], // 0.228 → 1, + 10
  ["swiftacquire", 10_000n, "USD", false, 145n], // 140 + 5
  ["atlaspay", 10_000n, "USD", true, 285n], // 270 + 15
  ["northbank", 10_000n, "EUR", false, 199n], // 190 + 8.55 → 9
  ["northbank", 10_000n, "JPY", false, 206n], // 190 + 15.6 → 16
  ["northbank", 10_000n, "KWD", false, 221n], // 190 + 30.8 → 31
  ["swiftacquire", 999_999_999_999n, "USD", false, 14_000_000_005n], // 13_999_999_999.99 → 14_000_000_000, + 5
];

Deno.test("fees are rounded up to the unit, in the provider's favour", async (t) => {
  for (const [name, amount, currency, abroad, fee] of FEES) {
    await t.step(`${name} ${amount} ${currency}${abroad ? " abroad" : ""}: ${fee}`, () => {
      const profile = ACQUIRER_PROFILES.find((candidate) => candidate.name === name) as AcquirerProfile;
      expect(acquirerFeeMinor(profile, amount, currency, abroad)).toBe(fee);
    });
  }
});

Deno.test("a fee is never more than the amount, never less than its exact value, and never falls as amounts grow", () => {
  fc.assert(fc.property(
    fc.constantFrom(...ACQUIRER_PROFILES),
    fc.bigInt({ min: 1n, max: 999_999_999_999n }),
    fc.constantFrom(...Object.keys(CURRENCIES)),
    fc.boolean(),
    (profile, amount, currency, abroad) => {
      const fee = acquirerFeeMinor(profile, amount, currency, abroad);
      expect(fee <= amount && fee > 0n).toBe(true);
      const basisPoints = profile.feeBasisPoints + (abroad ? profile.crossBorderFeeBasisPoints : 0n);
      expect(fee === amount || fee * 10_000n >= amount * basisPoints).toBe(true);
      expect(acquirerFeeMinor(profile, amount + 1n, currency, abroad) >= fee).toBe(true);
    },
  ));
});
