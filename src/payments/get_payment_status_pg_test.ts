import { expect } from "expect";
import { profileOf } from "../providers/acquirer_profiles.ts";
import { chargeLatencyMs } from "../providers/decide_charge.ts";
import { checkFeatures } from "./check_features.ts";
import { completeOpenPayments } from "./complete_open_payments.ts";
import { getPaymentStatus } from "./get_payment_status.ts";
import { takeHint } from "./take_hint.ts";
import { modelOf, openLab, TENANT } from "./testing/open_lab.ts";
import { refund } from "./testing/refund_lab.ts";

Deno.test("the status shows what was known at decision, with a key and without, also where a crash left only the rows", async (t) => {
  // Scoring takes time, also on a clock that stands still.
  const lateLab: { lab?: Awaited<ReturnType<typeof openLab>> } = {};
  const model = modelOf(() => (lateLab.lab?.clock.advance(2), 5));
  await using lab = await openLab({ model });
  lateLab.lab = lab;
  const cases: [what: string, make: () => Promise<{ paymentId: string; timings: "own" | "rows" }>][] = [
    [
      "a live call without a key",
      async () => ({ paymentId: (await lab.pay()).answer.payment_id, timings: "rows" }),
    ],
    ["a live call with a key", async () => ({
      paymentId: (await lab.pay({ idempotencyKey: "key" })).answer.payment_id,
      timings: "own",
    })],
    ["finished by the completer, never charged by the call", async () => {
      const paymentId = await lab.crashedPayment();
      lab.clock.advance(lab.service.graceMs);
      await completeOpenPayments(lab.service);
      return { paymentId, timings: "rows" };
    }],
    ["finished by the completer, charged before the crash", async () => {
      const paymentId = await lab.crashedPayment({ idempotencyKey: "crashed" }, true);
      lab.clock.advance(lab.service.graceMs);
      await completeOpenPayments(lab.service);
      return { paymentId, timings: "own" };
    }],
  ];
  for (const [what, make] of cases) {
    await t.step(what, async () => {
      const { paymentId } = await make();
      const status = await getPaymentStatus(lab.service, TENANT, paymentId);
      expect(status).toMatchObject({
        status: "succeeded",
        routing: {
          expected_success: expect.any(Number),
          sample_size: expect.any(Number),
          expected_fee: expect.any(String),
          reason: expect.stringMatching(/expected to leave|only provider|./),
        },
        timings_ms: { queue: expect.any(Number), screen: expect.any(Number), charge: expect.any(Number) },
      });
      expect(status.timings_ms.screen).toBeGreaterThanOrEqual(2);
    });
  }
});

Deno.test("a live answer and its later reading agree on routing and timings", async () => {
  await using lab = await openLab();
  for (const idempotencyKey of [null, "kept"]) {
    const { answer } = await lab.pay({ idempotencyKey, paymentMethodId: "pm_card_soft_decline_first" });
    const { routing, timings_ms } = await getPaymentStatus(lab.service, TENANT, answer.payment_id);
    expect(routing!.attempts.map(({ provider, outcome }) => [provider, outcome]))
      .toEqual(answer.routing!.attempts.map(({ provider, outcome }) => [provider, outcome]));
    expect([routing!.provider, routing!.expected_success, routing!.reason])
      .toEqual([answer.routing!.provider, answer.routing!.expected_success, answer.routing!.reason]);
    expect([timings_ms.queue, timings_ms.screen]).toEqual([
      answer.timings_ms.queue,
      answer.timings_ms.screen,
    ]);
    expect(Math.abs(timings_ms.charge! - answer.timings_ms.charge!)).toBeLessThan(0.05);
  }
});

Deno.test("what was never measured is null and not zero", async () => {
  await using lab = await openLab({ model: modelOf(() => 99) });
  await lab.fundWallet("cust_ann", 5_000n);
  const { answer } = await lab.pay({ paymentMethodId: "pm_ann" });
  expect(answer).toMatchObject({ status: "declined", timings_ms: { charge: null } });
  expect(await getPaymentStatus(lab.service, TENANT, answer.payment_id)).toMatchObject({
    timings_ms: { queue: expect.any(Number), screen: expect.any(Number), charge: null },
    dispute: null,
  });
  await lab.owner`
    insert into payments (tenant_id, payment_id, status, method, currency, amount_minor, captured_minor, customer_id,
                          merchant_id, principal, country, occurred_at_ms, provider, provider_charge_id, created_at)
    values (${TENANT}, 'pay_history', 'succeeded', 'card', 'USD', 100, 100, 'cust_ann', 'merch_default', 'simulation',
            'US', 0, 'northbank', 'ch_1', now())`;
  expect(await getPaymentStatus(lab.service, TENANT, "pay_history")).toMatchObject({
    timings_ms: { queue: null, screen: null, charge: null },
    routing: { provider: "northbank", expected_success: null, sample_size: null, reason: null },
    dispute: { basis: "insufficient_data" },
  });
});

Deno.test("the dispute prediction falls with age, and knows of a dispute that the provider told of", async () => {
  await using lab = await openLab({ model: modelOf(() => 30) });
  const { answer } = await lab.pay({ paymentMethodId: "pm_card_dispute" });
  const predicted = async () => (await getPaymentStatus(lab.service, TENANT, answer.payment_id)).dispute!;
  const fresh = await predicted();
  expect(fresh).toMatchObject({
    basis: expect.stringContaining("disputes"),
    probability: expect.any(Number),
    sample_size: expect.any(Number),
    calibration_error: { value: expect.any(Number), low: expect.any(Number), high: expect.any(Number) },
  });
  lab.clock.advance(10 * 86_400_000);
  const later = await predicted();
  const probability = (one: typeof fresh) => "probability" in one ? one.probability : NaN;
  expect(probability(later)).toBeLessThan(probability(fresh) / 2);
  const [charge] = lab.charges(answer.payment_id);
  await takeHint(lab.service, {
    provider: charge.provider,
    eventId: "evt_1",
    type: "charge.disputed",
    key: charge.key,
  });
  expect(await predicted()).toMatchObject({ basis: "disputed", probability: 1 });
});

Deno.test("the dispute prediction goes by the payment's own time and the tenant's clock", async () => {
  await using lab = await openLab({ model: modelOf(() => 30) });
  const { answer } = await lab.pay();
  const probabilityOf = async (paymentId: string) => {
    const { dispute } = await getPaymentStatus(lab.service, TENANT, paymentId);
    return (dispute as { probability: number }).probability;
  };
  const fresh = await probabilityOf(answer.payment_id);
  // Nothing but a neighbour's time ahead: no second has really passed.
  const ahead = await lab.pay({
    customerId: "cust_ben",
    merchantId: "merch_de",
    simulatedAtMs: lab.clock.nowMs() + 40 * 86_400_000,
  });
  expect(await probabilityOf(answer.payment_id)).toBeLessThan(fresh / 2);
  // One of that instant is as young as the first was, though it was really made later than its time.
  lab.clock.advance(1);
  expect(await probabilityOf(ahead.answer.payment_id)).toBeGreaterThan(
    await probabilityOf(answer.payment_id),
  );
});

Deno.test("a dispute is known to the fraud features from the tenant's time at which its provider told of it", async () => {
  await using lab = await openLab();
  const { answer } = await lab.pay({ simulatedAtMs: lab.clock.nowMs() + 40 * 86_400_000 });
  lab.clock.advance(86_400_000);
  const [{ provider, key }] = lab.charges(answer.payment_id);
  await takeHint(lab.service, { provider, eventId: "evt_1", type: "charge.disputed", key });
  const tenantNowMs = await lab.service.clocks.nowMs(TENANT);
  const labels = await lab.owner<{ reported: string; known: string }[]>`
    select reported_at_ms as reported, known_at_ms as known from payment_labels`;
  expect(labels.map(({ reported, known }) => [Number(reported), Number(known)])).toEqual([[
    tenantNowMs,
    tenantNowMs,
  ]]);
  // The history goes on from there, and can be rebuilt.
  lab.clock.advance(1);
  await lab.pay();
  expect(await checkFeatures(lab.owner)).toMatchObject({
    labels: 1,
    differingVectors: 0,
    differingStates: 0,
  });
});

Deno.test("a dispute is in the timeline, where the provider told of it", async () => {
  await using lab = await openLab();
  const { answer } = await lab.pay({ paymentMethodId: "pm_card_dispute" });
  const timeline = async () => (await getPaymentStatus(lab.service, TENANT, answer.payment_id)).timeline;
  const undisputed = (await timeline()).map(({ action }) => action);
  lab.clock.advance(3_600_000);
  const [{ provider, key }] = lab.charges(answer.payment_id);
  await takeHint(lab.service, { provider, eventId: "evt_1", type: "charge.disputed", key });
  await takeHint(lab.service, { provider, eventId: "evt_1", type: "charge.disputed", key });
  lab.clock.advance(3_600_000);
  await refund(lab, { paymentId: answer.payment_id, amount: "1.00" });
  const later = await timeline();
  const told = {
    at: new Date(lab.clock.nowMs() - 3_600_000).toISOString(),
    action: "payment.disputed",
    details: { provider },
  };
  expect(later.filter(({ action }) => action === "payment.disputed")).toEqual([told]);
  expect(later.slice(0, undisputed.length + 1).map(({ action }) => action)).toEqual([
    ...undisputed,
    told.action,
  ]);
  expect(later.at(-1)!.action).toMatch(/^refund\./);
  expect(later.map(({ at }) => at)).toEqual(later.map(({ at }) => at).toSorted());
});

Deno.test("time to settle: quantiles of this database's own payments by provider and method, or what is missing", async () => {
  await using lab = await openLab();
  const { answer } = await lab.pay();
  const provider = answer.routing!.provider;
  expect((await getPaymentStatus(lab.service, TENANT, answer.payment_id)).time_to_settle).toMatchObject({
    basis: "insufficient_data",
    sample_size: 1,
    missing: `99 more finished payments by card through ${provider}`,
  });
  // 200 payments that took 1 to 200 ms, through this provider; others through another one are no part of it.
  await lab.owner`
    insert into payments (tenant_id, payment_id, status, method, currency, amount_minor, captured_minor, customer_id,
                          merchant_id, principal, country, occurred_at_ms, provider, risk_decision, created_at, finished_at)
    select ${TENANT}, 'pay_' || i, 'succeeded', 'card', 'USD', 100, 100, 'cust_ann', 'merch_default', 'tester', 'US', 0,
           case when i <= 200 then ${provider} else 'elsewhere' end, 'approve', '2026-01-01',
           '2026-01-01'::timestamptz + make_interval(secs => i / 1000.0)
      from generate_series(1, 400) i`;
  const { time_to_settle } = await getPaymentStatus(lab.service, TENANT, answer.payment_id);
  expect(time_to_settle).toMatchObject({ sample_size: 201 });
  const { p50_ms, p90_ms, p99_ms } = time_to_settle as { p50_ms: number; p90_ms: number; p99_ms: number };
  expect([Math.round(p50_ms), Math.round(p90_ms), Math.round(p99_ms)]).toEqual([100, 180, 198]);
});

Deno.test("time to settle is reliable: as many later payments settle within each quantile as it says", async (t) => {
  await using lab = await openLab();
  const { answer } = await lab.pay();
  const EARLIER = 2_000;
  for (const name of lab.service.providers.keys()) {
    await t.step(name, async () => {
      const takenMs = (i: number) => chargeLatencyMs(profileOf(name)!, `${name}/pay_${i}`);
      const earlier = Array.from({ length: EARLIER }, (_, i) => takenMs(i));
      await lab.owner`delete from payments where payment_id like 'pay_past_%'`;
      await lab.owner`update payments set provider = ${name} where payment_id = ${answer.payment_id}`;
      await lab.owner`
        insert into payments (tenant_id, payment_id, status, method, currency, amount_minor, captured_minor, customer_id,
                              merchant_id, principal, country, occurred_at_ms, provider, risk_decision, created_at, finished_at)
        select ${TENANT}, 'pay_past_' || i, 'succeeded', 'card', 'USD', 100, 100, 'cust_ann', 'merch_default', 'tester', 'US',
               0, ${name}, 'approve', '2026-01-01', '2026-01-01'::timestamptz + make_interval(secs => ms / 1000)
          from unnest(${earlier}::float8[]) with ordinality as taken(ms, i)`;
      const { time_to_settle: said } = await getPaymentStatus(lab.service, TENANT, answer.payment_id);
      const { p50_ms, p90_ms, p99_ms } = said as { p50_ms: number; p90_ms: number; p99_ms: number };
      const LATER = 20_000;
      const later = Array.from({ length: LATER }, (_, i) => takenMs(EARLIER + i));
      for (const [level, quantileMs] of [[0.5, p50_ms], [0.9, p90_ms], [0.99, p99_ms]]) {
        const within = later.filter((ms) => ms <= quantileMs).length / LATER;
        // Five standard deviations, of the quantile's sample and of the later ones.
        const deviation = Math.sqrt(level * (1 - level) * (1 / EARLIER + 1 / LATER));
        console.log(
          `${name}: ${(100 * within).toFixed(1)}% of later payments settle within the ${level} quantile`,
        );
        expect({ level, agrees: Math.abs(within - level) < 5 * deviation }).toEqual({ level, agrees: true });
      }
    });
  }
});
