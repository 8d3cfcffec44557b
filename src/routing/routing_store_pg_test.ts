import { expect } from "expect";
import { openLab, TENANT } from "../payments/testing/open_lab.ts";
import { contextOf, type RouteTerms } from "./routing_context.ts";
import type { RoutingOutcome } from "./routing_statistics.ts";
import { RoutingStore } from "./routing_store.ts";

const TERMS: RouteTerms = {
  method: "card",
  amountMinor: 1_000n,
  currency: "USD",
  network: "visa",
  issuerCountry: "US",
  merchantCountry: "US",
};
const CONTEXT = contextOf(TERMS);

function outcome(provider: string, approved: boolean | null, answered = true): RoutingOutcome {
  return { provider, context: CONTEXT, answered, approved };
}

/** To two digits: each server fades its own attempts by the clock it knew at the time. */
function rounded(value: { mean: number; deviation: number; sampleSize: number }) {
  return Object.values(value).map((number) => Number(number.toPrecision(2)));
}

Deno.test("what one server learns another one knows, and both count it once", async () => {
  await using lab = await openLab();
  const [one, two] = [new RoutingStore(lab.stack.pool), new RoutingStore(lab.stack.pool)];
  const mine = await one.of("t1");
  const others = await two.of("t1");
  for (let i = 0; i < 40; i++) mine.learn(outcome("northbank", i % 4 !== 0));
  for (let i = 0; i < 5; i++) others.learn(outcome("northbank", null, false));
  await one.exchange();
  await two.exchange();
  await one.exchange();
  expect(others.attempts).toBe(45);
  mine.learn(outcome("atlaspay", true));
  others.learn(outcome("atlaspay", true));
  await one.exchange();
  await two.exchange();
  mine.learn(outcome("atlaspay", true));
  await one.exchange();
  others.learn(outcome("atlaspay", true));
  await two.exchange();
  mine.learn(outcome("eurolane", true));
  await one.exchange();
  // Each has now read what the other stored, but for the last exchange of all.
  const fresh = await new RoutingStore(lab.stack.pool).of("t1");
  expect(fresh.attempts).toBe(50);
  expect(mine.attempts).toBe(50);
  for (const provider of ["northbank", "atlaspay", "eurolane"]) {
    expect([provider, ...rounded(mine.approval(provider, CONTEXT))]).toEqual([
      provider,
      ...rounded(fresh.approval(provider, CONTEXT)),
    ]);
    const [a, b] = [mine.health(provider), fresh.health(provider)];
    expect(Math.abs(a.successes / b.successes - 1)).toBeLessThan(0.15);
    expect(Math.abs(a.failures - b.failures)).toBeLessThan(0.5);
  }
});

Deno.test("tenants learn apart, and a new one knows nothing", async () => {
  await using lab = await openLab();
  const store = new RoutingStore(lab.stack.pool);
  (await store.of("t1")).learn(outcome("northbank", false, true));
  await store.exchange();
  expect((await store.of("t2")).attempts).toBe(0);
  expect((await new RoutingStore(lab.stack.pool).of("t1")).attempts).toBe(1);
});

Deno.test("what cannot be stored is kept and stored with the next exchange", async () => {
  await using lab = await openLab();
  const store = new RoutingStore(lab.stack.pool);
  const statistics = await store.of("t1");
  statistics.learn(outcome("northbank", true));
  await lab.owner`alter table routing_clocks rename to elsewhere`;
  await expect(store.exchange()).rejects.toThrow();
  statistics.learn(outcome("northbank", true));
  await lab.owner`alter table elsewhere rename to routing_clocks`;
  await store.exchange();
  const again = await new RoutingStore(lab.stack.pool).of("t1");
  expect(again.attempts).toBe(2);
  expect(again.health("northbank").successes).toBeCloseTo(statistics.health("northbank").successes, 9);
});

Deno.test("payments by customers' own cards are learned from, what test methods order is not", async () => {
  await using lab = await openLab();
  for (let i = 0; i < 10; i++) await lab.pay({ paymentMethodId: "pm_ann" });
  for (const paymentMethodId of ["pm_card_declined", "pm_card_visa"]) await lab.pay({ paymentMethodId });
  await lab.pay({ paymentMethodId: "pm_card_refused" });
  await lab.service.routing.exchange();
  const [{ attempts }] = await lab.owner<{ attempts: number }[]>`
    select attempts::int from routing_clocks where tenant_id = ${TENANT}`;
  const rows = await lab.owner<{ health: boolean; successes: number; failures: number }[]>`
    select context = 'health' as health, sum(successes) as successes, sum(failures) as failures
      from routing_statistics where tenant_id = ${TENANT} group by 1 order by 1`;
  const asked = await lab.owner<{ asked: number; approved: number }[]>`
    select count(*)::int as asked, count(*) filter (where outcome = 'approved')::int as approved
      from payment_attempts join payments using (tenant_id, payment_id) where payment_method_id = 'pm_ann'`;
  // Own cards, and whether the provider answered the two methods that order no failure.
  expect(attempts).toBe(asked[0].asked + 2);
  expect(Math.round(rows[0].successes + rows[0].failures)).toBe(asked[0].asked);
  expect(Math.round(rows[0].successes)).toBe(asked[0].approved);
  expect(rows[1].failures).toBe(0);
  // A server that starts now routes by them.
  const later = await lab.openService();
  const { answer } = await lab.pay({ paymentMethodId: "pm_ann" }, later);
  expect(later.routing.known(TENANT).attempts).toBeGreaterThan(attempts);
  expect(answer.routing!.attempts[0].expected_success).toBeGreaterThan(0);
});
