import { expect } from "expect";
import { Random } from "../../src/core/random.ts";
import { ACQUIRER_PROFILES } from "../../src/providers/acquirer_profiles.ts";
import { approvalProbability } from "../../src/providers/decide_charge.ts";
import { acquirerFeeMinor } from "../../src/providers/fee_schedule.ts";
import { routePayment } from "../../src/routing/route_payment.ts";
import { contextOf } from "../../src/routing/routing_context.ts";
import { type RoutingOutcome, RoutingStatistics } from "../../src/routing/routing_statistics.ts";

const NOON_MS = Date.UTC(2026, 0, 5, 12);
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
/** In which of the world's payments northbank is the best: domestic ones of American cards. */
const FAVOURITE = "northbank";
const LEARNED = 2_000;

/**
 * American card payments; `isOut` says which attempts the favourite refuses.
 *
 * @param lag how many are routed before the outcome of one is known
 */
function route(seed: number, attempts: number, isOut: (attempt: number) => boolean, lag = 0): boolean[] {
  const random = new Random(seed);
  const truth = random.fork("truth");
  const statistics = new RoutingStatistics();
  const inFlight: RoutingOutcome[] = [];
  return Array.from({ length: attempts }, (_, attempt) => {
    const terms = {
      method: "card",
      amountMinor: BigInt(truth.integer(500, 20_000)),
      currency: "USD",
      network: truth.pick(["visa", "mastercard", "discover"]),
      issuerCountry: "US",
      merchantCountry: "US",
      occurredAtMs: NOON_MS,
    };
    const candidates = ACQUIRER_PROFILES.map((profile) => ({
      provider: profile.name,
      feeMinor: acquirerFeeMinor(profile, terms),
    }));
    const { provider } = routePayment(terms, candidates, statistics, random);
    const profile = ACQUIRER_PROFILES.find(({ name }) => name === provider)!;
    const answered = !(provider === FAVOURITE && isOut(attempt));
    const approved = truth.chance(approvalProbability(profile, terms));
    const outcome = { provider, context: contextOf(terms), answered, approved: answered ? approved : null };
    inFlight.push(outcome);
    if (inFlight.length > lag) statistics.learn(inFlight.shift()!);
    return provider === FAVOURITE;
  });
}

function share(chosen: readonly boolean[]): number {
  return chosen.filter(Boolean).length / chosen.length;
}

Deno.test("traffic leaves a dead provider within 50 attempts and returns within 200 after it recovers, for eight seeds", async (t) => {
  for (const seed of SEEDS) {
    for (const outageAttempts of [300, 3_000]) {
      await t.step(`seed ${seed}, an outage of ${outageAttempts} attempts`, () => {
        const backAt = LEARNED + outageAttempts;
        const chosen = route(seed, backAt + 400, (attempt) => attempt >= LEARNED && attempt < backAt);
        const before = share(chosen.slice(LEARNED - 500, LEARNED));
        expect(before).toBeGreaterThan(0.5);
        // All but the few tries that will find it back.
        expect(share(chosen.slice(LEARNED + 50, backAt))).toBeLessThan(0.05);
        expect(share(chosen.slice(backAt + 200))).toBeGreaterThan(0.7 * before);
      });
    }
  }
});

Deno.test("with 64 in flight a dead provider is tried by a few at a time, and found back", () => {
  const lag = 64;
  const backAt = LEARNED + 3_000;
  for (const seed of SEEDS) {
    const chosen = route(seed, backAt + 1_000, (attempt) => attempt >= LEARNED && attempt < backAt, lag);
    // What is routed before the first failure is known cannot be helped.
    expect(share(chosen.slice(LEARNED + lag + 50, backAt))).toBeLessThan(0.02);
    expect(share(chosen.slice(backAt + 500))).toBeGreaterThan(0.5);
  }
});

Deno.test("without an outage no provider is left", () => {
  for (const seed of SEEDS) {
    expect(share(route(seed, 3_000, () => false).slice(LEARNED))).toBeGreaterThan(0.5);
  }
});
