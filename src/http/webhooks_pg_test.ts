import { expect } from "expect";
import { getPaymentStatus } from "../payments/get_payment_status.ts";
import { completeOpenPayments } from "../payments/complete_open_payments.ts";
import { providerKeyOf } from "../payments/payment.ts";
import { openLab, TENANT } from "../payments/testing/open_lab.ts";
import { eventIdOf } from "../providers/webhook_event.ts";
import { SIGNATURE_HEADER, signWebhook } from "../core/webhook_signature.ts";
import { SECRET, serveApp } from "./testing/serve_lab.ts";

interface Delivery {
  provider?: string;
  body?: string;
  signature?: string | null;
  signedAtMs?: number;
}

async function serve() {
  const lab = await openLab({ providerTimeoutMs: 60 });
  let woken = 0;
  const served = serveApp({
    config: { webhookSecret: SECRET },
    payments: lab.service,
    nowMs: () => lab.clock.nowMs(),
    wake: () => woken++,
  });
  const deliver = async ({ provider = "northbank", body = "{}", signature, signedAtMs }: Delivery) => {
    const signed = signature === undefined
      ? signWebhook(SECRET, body, signedAtMs ?? lab.clock.nowMs())
      : signature;
    const response = await fetch(served.url.replace("/mcp", `/webhooks/${provider}`), {
      method: "POST",
      headers: signed === null ? {} : { [SIGNATURE_HEADER]: signed },
      body,
    });
    return { status: response.status, body: await response.json() };
  };
  return {
    lab,
    deliver,
    woken: () => woken,
    [Symbol.asyncDispose]: async () => {
      await served[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
}

function eventOf(provider: string, paymentId: string, type: "charge.approved" | "charge.declined"): string {
  const key = providerKeyOf(TENANT, paymentId);
  return JSON.stringify({
    id: eventIdOf({ provider, key, type, chargeId: null }),
    type,
    provider,
    key,
    charge_id: "ch_x",
  });
}

Deno.test("only what a provider signed just now is taken, and the refusals come in their order", async () => {
  await using served = await serve();
  const body = eventOf("northbank", "pay_1", "charge.approved");
  const cases: [status: number, code: string, delivery: Delivery][] = [
    [404, "unknown_provider", { provider: "nobank", body, signature: null }],
    [401, "signature_missing", { body, signature: null }],
    [401, "signature_malformed", { body, signature: "t=1" }],
    [401, "signature_wrong", {
      body,
      signature: signWebhook("another-secret", body, served.lab.clock.nowMs()),
    }],
    [401, "signature_wrong", {
      body: body + " ",
      signature: signWebhook(SECRET, body, served.lab.clock.nowMs()),
    }],
    [401, "webhook_too_old", { body, signedAtMs: served.lab.clock.nowMs() - 301_000 }],
    [400, "invalid_webhook", { body: "not json" }],
    [400, "invalid_webhook", { provider: "atlaspay", body }],
  ];
  for (const [status, code, delivery] of cases) {
    const refused = await served.deliver(delivery);
    expect({ code, status: refused.status, answered: refused.body.error?.data.code }).toEqual({
      code,
      status,
      answered: code,
    });
  }
  expect(await served.deliver({ body })).toEqual({ status: 200, body: { received: true, duplicate: false } });
  expect(await served.deliver({ body })).toEqual({ status: 200, body: { received: true, duplicate: true } });
});

Deno.test("a webhook about a payment in doubt wakes the completer, which asks the provider; a lie books nothing", async () => {
  await using served = await serve();
  const { lab } = served;
  const lied = (await lab.pay({ paymentMethodId: "pm_card_timeout" })).answer;
  expect(lied.status).toBe("in_doubt");
  expect(await completeOpenPayments(lab.service)).toBe(0); // not due yet
  const provider = lied.routing!.provider;
  // Signed, and yet untrue: nothing was charged.
  const body = eventOf(provider, lied.payment_id, "charge.approved");
  expect((await served.deliver({ provider, body })).status).toBe(200);
  expect(served.woken()).toBe(1);
  expect(await completeOpenPayments(lab.service)).toBe(1);
  expect((await getPaymentStatus(lab.service, TENANT, lied.payment_id)).status).toBe("failed");
  // Repeated, late and contradicting ones change nothing any more.
  await served.deliver({ provider, body });
  await served.deliver({ provider, body: eventOf(provider, lied.payment_id, "charge.declined") });
  expect(served.woken()).toBe(1);
  expect((await getPaymentStatus(lab.service, TENANT, lied.payment_id)).status).toBe("failed");
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("a webhook wakes nobody for a payment that a call works on, another provider's, or none of ours", async () => {
  await using served = await serve();
  const { lab } = served;
  const working = await lab.crashedPayment();
  const doubted = (await lab.pay({ paymentMethodId: "pm_card_timeout" })).answer;
  const other = [...lab.service.providers.keys()].find((name) => name !== doubted.routing!.provider)!;
  for (
    const [provider, paymentId] of [
      ...[...lab.service.providers.keys()].map((name) => [name, working]),
      [other, doubted.payment_id],
      ["northbank", "pay_unknown"],
    ]
  ) {
    expect((await served.deliver({ provider, body: eventOf(provider, paymentId, "charge.approved") })).status)
      .toBe(200);
  }
  const stray = JSON.stringify({
    id: "evt_1",
    type: "charge.approved",
    provider: "northbank",
    key: "'; drop table",
  });
  expect((await served.deliver({ body: stray })).status).toBe(200);
  expect(served.woken()).toBe(0);
  expect(await completeOpenPayments(lab.service)).toBe(0);
});

Deno.test("an address with a slash at its end takes webhooks too", async () => {
  await using served = await serve();
  const body = eventOf("northbank", "pay_1", "charge.approved");
  expect((await served.deliver({ provider: "northbank/", body })).status).toBe(200);
});

Deno.test("without a secret there are no webhooks", async () => {
  await using served = serveApp();
  const response = await fetch(served.url.replace("/mcp", "/webhooks/northbank"), {
    method: "POST",
    body: "{}",
  });
  expect([response.status, (await response.json()).error.data.code]).toEqual([404, "no_webhooks"]);
});
