import { expect } from "expect";
import { ACQUIRER_PROFILES } from "./acquirer_profiles.ts";
import { approvalProbability, chargeLatencyMs, decideCharge } from "./decide_charge.ts";

const NETWORKS = ["visa", "mastercard", "amex", "discover", "unheard_of"];
const KEYS = 20_000;
const NOON_MS = Date.UTC(2026, 0, 5, 12);
const request = (key: string, network: string, abroad: boolean, amountMinor: bigint) => ({
  key,
  amountMinor,
  currency: "USD",
  paymentMethodId: "pm_x",
  chargeNumber: 1,
  occurredAtMs: NOON_MS,
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
    insufficient_funds: 0.4,
    do_not_honor: 0.28,
    limit_exceeded: 0.1,
    issuer_unavailable: 0.07,
    expired_card: 0.07,
    lost_or_stolen: 0.04,
    processing_error: 0.02,
    suspected_fraud: 0.02,
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

Deno.test("issuers of some countries approve more through the acquirer that is close to them, and less in its weak hours", () => {
  const best = (issuerCountry: string, merchantCountry: string, network = "visa") => {
    const chances = ACQUIRER_PROFILES.map((profile) => ({
      name: profile.name,
      chance: approvalProbability(profile, {
        ...request("", network, false, 5_000n),
        issuerCountry,
        merchantCountry,
      }),
    }));
    return chances.sort((a, b) => b.chance - a.chance)[0].name;
  };
  expect(best("US", "US")).toBe("northbank");
  expect(best("DE", "DE")).toBe("eurolane");
  expect(best("BR", "BR", "mastercard")).toBe("swiftacquire");
  expect(best("JP", "US")).toBe("atlaspay");
  expect(best("US", "US", "amex")).toBe("atlaspay");
  for (const profile of ACQUIRER_PROFILES) {
    const { fromHour, penalty } = profile.weakHours;
    const at = (hour: number) =>
      approvalProbability(profile, {
        ...request("", "visa", false, 5_000n),
        occurredAtMs: Date.UTC(2026, 0, 5, hour, 30),
      });
    expect(at(12) - at(fromHour)).toBeCloseTo(penalty, 9);
  }
});

Deno.test("one charge in a thousand takes longer than all the others, and none longer than eight times the 99th percentile", () => {
  for (const profile of ACQUIRER_PROFILES) {
    const latencies = Array.from({ length: 200_000 }, (_, i) => chargeLatencyMs(profile, `lab/pay_${i}`))
      .sort((a, b) => a - b);
    expect(latencies[199_900] / profile.latencyMsP99).toBeGreaterThan(1.2);
    expect(latencies.at(-1)! / profile.latencyMsP99).toBeCloseTo(8, 6);
  }
});
