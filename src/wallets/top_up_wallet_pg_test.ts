import { expect } from "expect";
import { againLater, DomainError } from "../core/errors.ts";
import { TENANT } from "../payments/testing/open_lab.ts";
import { refund } from "../payments/testing/refund_lab.ts";
import { openWalletLab, type WalletLab } from "./testing/open_wallet_lab.ts";
import { completeTopUps, type TopUpRequest, topUpWallet } from "./top_up_wallet.ts";

const topUp = (lab: WalletLab, asked: Partial<TopUpRequest> = {}, service = lab.service) =>
  topUpWallet(service, {
    tenantId: TENANT,
    principal: "tester",
    walletId: "wallet:cust_ann:USD",
    amountMinor: 10_000n,
    currency: "USD",
    paymentMethodId: "pm_card_visa",
    idempotencyKey: null,
    confirmation: null,
    simulatedAtMs: null,
    ...asked,
  });

Deno.test("topUpWallet() charges the card through the approval path and credits the whole amount", async () => {
  await using lab = await openWalletLab();
  const { answer, replayed } = await topUp(lab, { idempotencyKey: "t1" });
  expect(replayed).toBe(false);
  expect(answer).toMatchObject({
    status: "succeeded",
    amount: "100.00",
    available: { amount: "100.00" },
    risk_score: 5,
    recommendation: {
      basis: "insufficient_data",
      sample_size: 0,
      missing: expect.stringContaining("21 more days"),
    },
  });
  expect(await lab.balanceOf("cust_ann")).toEqual({ balance: 10_000n, held: 0n });
  expect(lab.lab.charges(answer.payment_id!).length).toBe(1);
  const again = await topUp(lab, { idempotencyKey: "t1" }, await lab.openService());
  expect(again).toEqual({ answer, replayed: true });
  await expect(topUp(lab, { idempotencyKey: "t1", amountMinor: 1n })).rejects.toMatchObject({
    code: "idempotency_key_reused",
  });
  const actions = await lab.lab
    .owner`select action from audit_events where resource = ${answer.top_up_id} order by audit_id`;
  expect(actions.map(({ action }) => action)).toEqual(["top_up.begun", "top_up.succeeded"]);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a top-up that the full queue refuses is to be repeated with its key, or, without one, as it stands", async () => {
  await using lab = await openWalletLab();
  // As payments say it of the key that the charge has of its own.
  const full = () =>
    Promise.reject(new DomainError("overloaded", "Full.", { nextMove: againLater("top-up/x") }));
  const { charger } = lab.service;
  Object.assign(lab.service, { charger: { charge: full } });
  await expect(topUp(lab, { idempotencyKey: "k" })).rejects.toMatchObject({
    nextMove: expect.stringContaining("same idempotency key"),
  });
  await expect(topUp(lab)).rejects.toMatchObject({
    nextMove: "Nothing was done: repeat the call in a second.",
  });
  Object.assign(lab.service, { charger });
  // Nobody charges the one without a key later, behind its caller's back.
  lab.lab.clock.advance(120_000);
  await completeTopUps(lab.service);
  expect(await lab.balanceOf("cust_ann")).toEqual({ balance: 10_000n, held: 0n });
});

Deno.test("topUpWallet() answers a decline, refuses what it cannot charge, and credits nothing", async () => {
  await using lab = await openWalletLab();
  const declined = await topUp(lab, { paymentMethodId: "pm_card_declined" });
  expect(declined.answer).toMatchObject({
    status: "declined",
    decline: { by: "issuer" },
    available: { amount: "0.00" },
  });
  const cases: [Partial<TopUpRequest>, string][] = [
    [{ walletId: "wallet:cust_nobody:USD" }, "unknown_wallet"],
    [{ walletId: "wallet:cust_other:USD" }, "unknown_wallet"],
    [{ walletId: "merchant:merch_default:USD" }, "unknown_wallet"],
    [{ currency: "EUR" }, "invalid_arguments"],
    [{ paymentMethodId: "pm_ben" }, "unknown_payment_method"],
  ];
  for (const [asked, code] of cases) await expect(topUp(lab, asked)).rejects.toMatchObject({ code });
  // The error is the key's outcome.
  for (let i = 0; i < 2; i++) {
    await expect(topUp(lab, { paymentMethodId: "pm_ben", idempotencyKey: "bad" })).rejects.toMatchObject({
      code: "unknown_payment_method",
    });
  }
  expect(await completeTopUps(lab.service)).toBe(0);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("the payment behind a top-up is not refunded: its money is the wallet's, also before it has arrived", async () => {
  await using lab = await openWalletLab();
  const charge = lab.service.charger.charge.bind(lab.service.charger);
  // Another top-up's money stands in the same account meanwhile.
  for (const dies of [false, true]) {
    Object.assign(lab.service.charger, {
      charge: async (...wanted: Parameters<typeof charge>) => {
        const charged = await charge(...wanted);
        if (dies) throw new Error("the process died");
        return charged;
      },
    });
    await topUp(lab, { idempotencyKey: `dies ${dies}` }).catch(() => {});
  }
  Object.assign(lab.service.charger, { charge });
  const payments = await lab.lab.owner<{ payment_id: string }[]>`select payment_id from payments`;
  expect(payments.length).toBe(2);
  for (const { payment_id: paymentId } of payments) {
    await expect(refund(lab.lab, { paymentId })).rejects.toMatchObject({
      code: "invalid_state",
      message: `Cannot refund payment "${paymentId}": it fills a wallet.`,
    });
  }
  lab.lab.clock.advance(60_000);
  await completeTopUps(lab.service);
  expect((await lab.balanceOf("cust_ann")).balance).toBe(20_000n);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("forty calls with one key on two servers charge and credit once", async () => {
  await using lab = await openWalletLab();
  const second = await lab.openService();
  const answers = await Promise.all(
    Array.from(
      { length: 40 },
      (_, i) => topUp(lab, { idempotencyKey: "one" }, i % 2 === 0 ? lab.service : second),
    ),
  );
  expect(new Set(answers.map(({ answer }) => JSON.stringify(answer))).size).toBe(1);
  expect((await lab.balanceOf("cust_ann")).balance).toBe(10_000n);
  expect(lab.lab.charges().length).toBe(1);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a top-up whose call died before the charge, or before the booking, is ended by the keeper", async () => {
  await using lab = await openWalletLab();
  const charge = lab.service.charger.charge.bind(lab.service.charger);
  for (const dies of ["before", "after"] as const) {
    Object.assign(lab.service.charger, {
      charge: async (...wanted: Parameters<typeof charge>) => {
        if (dies === "after") await charge(...wanted);
        throw new Error("the process died");
      },
    });
    await expect(topUp(lab, { idempotencyKey: dies })).rejects.toThrow("the process died");
  }
  Object.assign(lab.service.charger, { charge });
  expect(await completeTopUps(lab.service)).toBe(0); // still the call's own
  lab.lab.clock.advance(60_000);
  expect(await completeTopUps(lab.service)).toBe(2);
  expect((await lab.balanceOf("cust_ann")).balance).toBe(20_000n);
  expect(lab.lab.charges().length).toBe(2);
  const { answer, replayed } = await topUp(lab, { idempotencyKey: "after" });
  expect({ status: answer.status, replayed }).toEqual({ status: "succeeded", replayed: true });
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a top-up that cannot be driven keeps no other from its end, and comes again later", async () => {
  await using lab = await openWalletLab();
  const charge = lab.service.charger.charge.bind(lab.service.charger);
  const die = () => Promise.reject(new Error("the process died"));
  Object.assign(lab.service.charger, { charge: die });
  for (const idempotencyKey of ["first", "second", "third"]) {
    await expect(topUp(lab, { idempotencyKey })).rejects.toThrow("the process died");
  }
  let calls = 0;
  Object.assign(lab.service.charger, {
    charge: (...wanted: Parameters<typeof charge>) => ++calls === 1 ? die() : charge(...wanted),
  });
  lab.lab.clock.advance(60_000);
  await expect(completeTopUps(lab.service)).rejects.toThrow("1 top-ups could not be completed");
  expect((await lab.balanceOf("cust_ann")).balance).toBe(20_000n);
  expect(await completeTopUps(lab.service)).toBe(0); // its turn is not now
  lab.lab.clock.advance(60_000);
  expect(await completeTopUps(lab.service)).toBe(1);
  expect((await lab.balanceOf("cust_ann")).balance).toBe(30_000n);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a charge in doubt leaves the top-up in doubt until it is known, and then credits it once", async () => {
  await using lab = await openWalletLab({ providerTimeoutMs: 50 });
  const call = { paymentMethodId: "pm_card_charged_reply_lost", idempotencyKey: "doubt" };
  let outcome = await topUp(lab, call).then(
    ({ answer }) => answer.status,
    (error) => (error as DomainError).code,
  );
  for (let round = 0; round < 5 && outcome === "in_doubt"; round++) {
    await lab.lab.completeAll();
    lab.lab.clock.advance(60_000);
    await completeTopUps(lab.service);
    outcome = (await topUp(lab, call)).answer.status;
  }
  expect(outcome).toBe("succeeded");
  expect((await lab.balanceOf("cust_ann")).balance).toBe(10_000n);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});
