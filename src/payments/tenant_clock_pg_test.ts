import { expect } from "expect";
import { Random } from "../core/random.ts";
import { checkFeatures } from "./check_features.ts";
import { openLab, START_MS, TENANT } from "./testing/open_lab.ts";
import { refund } from "./testing/refund_lab.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AHEAD_MS = 100 * DAY_MS;

const occurredMs = ({ answer }: { answer: { occurred_at: string } }) => Date.parse(answer.occurred_at);

Deno.test("after a call with a time ahead its tenant's clock goes on from there, as fast as the real one", async () => {
  await using lab = await openLab();
  const { clock } = lab;
  expect(occurredMs(await lab.pay())).toBe(START_MS);
  await lab.pay({ simulatedAtMs: START_MS + AHEAD_MS });
  for (let hour = 1; hour <= 12; hour++) {
    clock.advance(HOUR_MS);
    const paid = await lab.pay();
    expect(occurredMs(paid)).toBe(START_MS + AHEAD_MS + hour * HOUR_MS);
    expect(paid.answer).toMatchObject({
      time_shift_s: AHEAD_MS / 1000,
      created_at: new Date(clock.nowMs()).toISOString(),
    });
  }
  // Somebody who had no part in it lives in the same world, and a refund is asked for in it.
  const others = await lab.pay({ customerId: "cust_ben", merchantId: "merch_de" });
  expect(occurredMs(others)).toBe(clock.nowMs() + AHEAD_MS);
  clock.advance(HOUR_MS);
  await refund(lab, { paymentId: others.answer.payment_id });
  const [{ requested }] = await lab.owner<
    { requested: string }[]
  >`select requested_at_ms as requested from refunds`;
  expect(Number(requested)).toBe(clock.nowMs() + AHEAD_MS);
  // At one instant they follow one another, and that takes nobody's clock along.
  const burst = await Promise.all(Array.from({ length: 5 }, () => lab.pay()));
  expect(burst.map(occurredMs).sort()).toEqual(
    [0, 1, 2, 3, 4].map((after) => clock.nowMs() + AHEAD_MS + after),
  );
  clock.advance(HOUR_MS);
  expect(occurredMs(await lab.pay())).toBe(clock.nowMs() + AHEAD_MS);

  expect(await lab.brokenInvariants()).toEqual([]);
  expect(await checkFeatures(lab.owner)).toMatchObject({
    differingVectors: 0,
    differingStates: 0,
    examples: [],
  });
});

Deno.test("a tenant's clock is the same for every server, also for one that starts later, and never goes back", async () => {
  await using lab = await openLab();
  const { clock } = lab;
  const neighbour = await lab.openService();
  expect(occurredMs(await lab.pay({}, neighbour))).toBe(START_MS);
  await lab.pay({ simulatedAtMs: START_MS + AHEAD_MS });
  clock.advance(HOUR_MS);
  expect(occurredMs(await lab.pay({}, neighbour))).toBe(START_MS + AHEAD_MS + HOUR_MS);
  clock.advance(HOUR_MS);
  const restarted = await lab.openService();
  expect(occurredMs(await lab.pay({}, restarted))).toBe(START_MS + AHEAD_MS + 2 * HOUR_MS);
  // An earlier time is taken where its people have had nothing later, and moves no clock.
  const early = { customerId: "cust_ben", merchantId: "merch_de", simulatedAtMs: START_MS + DAY_MS };
  expect(occurredMs(await lab.pay(early, restarted))).toBe(START_MS + DAY_MS);
  clock.advance(HOUR_MS);
  for (const service of [lab.service, neighbour, restarted]) {
    clock.advance(1);
    expect(occurredMs(await lab.pay({}, service))).toBe(clock.nowMs() + AHEAD_MS);
  }
  expect(await checkFeatures(lab.owner)).toMatchObject({
    differingVectors: 0,
    differingStates: 0,
    examples: [],
  });
});

Deno.test("a world that ends after it was loaded is where its tenant's clock begins", async () => {
  await using lab = await openLab();
  await lab.owner`
    insert into worlds (tenant_id, seed, days, customers, start_ms, loaded_at)
    values (${TENANT}, 7, 60, 10, ${START_MS - 30 * DAY_MS}, to_timestamp(${START_MS / 1000}))`;
  lab.clock.advance(HOUR_MS);
  expect(occurredMs(await lab.pay())).toBe(START_MS + 30 * DAY_MS + HOUR_MS);
});

Deno.test("whichever of two servers takes what, and whoever sets a time, the features stay as rebuilt and money is conserved", async () => {
  await using lab = await openLab();
  await lab.fundWallet("cust_ann", 100_000n, "USD");
  const servers = [lab.service, await lab.openService()];
  const random = new Random(7);
  const reached: number[] = [];
  for (let round = 0; round < 12; round++) {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => {
      const isSimulated = random.chance(0.3);
      const byWallet = random.chance(0.2);
      return lab.pay({
        amountMinor: BigInt(random.integer(100, 2_000)),
        ...(byWallet
          ? { method: "wallet" as const, paymentMethodId: null }
          : { customerId: random.pick(["cust_ann", "cust_ben"]) }),
        merchantId: random.pick(["merch_de", null]),
        simulatedAtMs: isSimulated ? lab.clock.nowMs() + random.integer(-5, 20) * DAY_MS : null,
      }, servers[i % 2]);
    }));
    expect(answers.map(({ answer }) => answer.status).filter((status) => status !== "succeeded")).toEqual([]);
    lab.clock.advance(random.integer(1, 3) * HOUR_MS);
    // Nobody's clock goes back, and both servers tell the same time.
    const nows = await Promise.all(servers.map(({ clocks }) => clocks.nowMs(TENANT)));
    expect(nows[0]).toBe(nows[1]);
    expect(nows[0]).toBeGreaterThan(Math.max(...answers.map(occurredMs), ...reached));
    reached.push(nows[0]);
  }
  expect(await lab.brokenInvariants()).toEqual([]);
  expect(await checkFeatures(lab.owner)).toMatchObject({
    differingVectors: 0,
    differingStates: 0,
    examples: [],
  });
});
