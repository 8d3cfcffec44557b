import { expect } from "expect";
import { ACQUIRER_PROFILES } from "./acquirer_profiles.ts";
import { approvalProbability, chargeLatencyMs, decideCharge } from "./decide_charge.ts";

const NETWORKS = ["visa", "mastercard", "amex", "discover", "unheard_of"];
const KEYS = 20_000;
const request = (key: string, network: string, abroad: boolean, amountMinor: bigint) => ({
  key,
  amountMinor,
  currency: "USD",
  paymentMethodId: "pm_x",
  network,
  issuerCountry: abroad ? "DE" : "US",
  merchantCountry: "US",
});

Deno.test("as many charges are approved as approvalProbability() says, for every acquirer and kind of charge", async (t) => {
  for (const profile of ACQUIRER_PROFILES) {
    for (const network of NETWORKS) {
      for (const abroad of [false, true]) {
        for (const amountMinor of [500n, 250_000n]) {
          const probability = approvalProbability(profile, request("", network, abroad, amountMinor));
          const name = `${profile.name} ${network} ${abroad ? "abroad" : "at home"} ${amountMinor}: ${
            probability.toFixed(3)
          }`;
          await t.step(name, () => {
            let approved = 0;
            for (let i = 0; i < KEYS; i++) {
              const key = `lab/pay_${i}_${network}_${abroad}`;
              if (decideCharge(profile, request(key, network, abroad, amountMinor)).outcome === "approved") {
                approved++;
              }
            }
            // Five standard deviations of a binomial: a fair draw fails once in two million.
            const deviation = Math.sqrt(KEYS * probability * (1 - probability));
            expect(Math.abs(approved - KEYS * probability)).toBeLessThan(5 * deviation);
          });
        }
      }
    }
  }
});

Deno.test("approvals fall abroad and with the amount, and stay within 0.02 and 0.99", () => {
  for (const profile of ACQUIRER_PROFILES) {
    for (const network of NETWORKS) {
      const at = (abroad: boolean, amountMinor: bigint) =>
        approvalProbability(profile, request("", network, abroad, amountMinor));
      expect(at(true, 1_000n)).toBeLessThan(at(false, 1_000n));
      expect(at(false, 10_000n)).toBe(at(false, 1n));
      expect(at(false, 100_000n)).toBeLessThan(at(false, 10_000n));
      expect(at(true, 999_999_999_999n)).toBeGreaterThanOrEqual(0.02);
      expect(at(false, 1n)).toBeLessThanOrEqual(0.99);
    }
  }
});

Deno.test("a decision is the key's: the same every time, and declines are shared out as documented", () => {
  const [profile] = ACQUIRER_PROFILES;
  const codes = new Map<string, number>();
  for (let i = 0; i < 200_000; i++) {
    const asked = request(`lab/pay_${i}`, "amex", true, 90_000n);
    const decision = decideCharge(profile, asked);
    if (i < 1_000) expect(decideCharge(profile, asked)).toEqual(decision);
    if (decision.outcome === "declined") codes.set(decision.code, (codes.get(decision.code) ?? 0) + 1);
  }
  const declines = [...codes.values()].reduce((sum, count) => sum + count);
  const shares = {
    insufficient_funds: 0.45,
    do_not_honor: 0.3,
    limit_exceeded: 0.12,
    expired_card: 0.08,
    lost_or_stolen: 0.05,
  };
  expect([...codes.keys()].sort()).toEqual(Object.keys(shares).sort());
  for (const [code, share] of Object.entries(shares)) {
    expect(Math.abs(codes.get(code)! / declines - share)).toBeLessThan(
      5 * Math.sqrt(share * (1 - share) / declines),
    );
  }
});

Deno.test("latencies have the profile's median and 99th percentile, and none is negative or endless", () => {
  for (const profile of ACQUIRER_PROFILES) {
    const latencies = Array.from({ length: 50_000 }, (_, i) => chargeLatencyMs(profile, `lab/pay_${i}`)).sort(
      (a, b) => a - b,
    );
    expect(latencies[0]).toBeGreaterThan(0);
    expect(Number.isFinite(latencies.at(-1))).toBe(true);
    expect(latencies[25_000] / profile.latencyMsP50).toBeCloseTo(1, 1);
    expect(Math.abs(latencies[49_500] / profile.latencyMsP99 - 1)).toBeLessThan(0.06);
  }
});
