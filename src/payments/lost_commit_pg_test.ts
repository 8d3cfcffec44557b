import { expect } from "expect";
import { ReplyLosingProxy } from "../db/testing/reply_losing_proxy.ts";
import { checkFeatures } from "./check_features.ts";
import { type Lab, openLab } from "./testing/open_lab.ts";

/** The driver prepares a statement by a round trip of its own, the first time it is sent. */
const WARM_PAYMENTS = 3;

/** A service that reaches its database through the proxy, warm. */
async function openBehindProxy(lab: Lab) {
  const proxy = new ReplyLosingProxy(lab.database.appUrl);
  const service = await lab.openService(undefined, proxy.url);
  for (let i = 0; i < WARM_PAYMENTS; i++) await lab.pay({}, service);
  return { proxy, service };
}

/** Waits for what PostgreSQL has stored, of which nobody else has heard. */
async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!await isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

for (const [kind, idempotencyKey] of [["with", "k-lost"], ["without", null]] as const) {
  Deno.test(`a call ${kind} a key, whose payment was stored and the connection lost, finishes it itself, once`, async () => {
    await using lab = await openLab();
    const { proxy, service } = await openBehindProxy(lab);
    try {
      proxy.loseReplies();
      const paying = lab.pay({ idempotencyKey }, service);
      await until(async () => await lab.count("payments") === WARM_PAYMENTS + 1);
      proxy.cut();
      const { answer, replayed } = await paying;
      expect([answer.status, replayed]).toEqual(["succeeded", false]);
      expect(lab.charges(answer.payment_id).map(({ state }) => state)).toEqual(["captured"]);
      expect(await lab.count("payments")).toBe(WARM_PAYMENTS + 1);
      expect(await lab.count("open_payments")).toBe(0);
      expect(await lab.brokenInvariants()).toEqual([]);
      expect(await checkFeatures(lab.owner)).toMatchObject({
        vectors: WARM_PAYMENTS + 1,
        differingVectors: 0,
        differingStates: 0,
      });
      if (idempotencyKey !== null) {
        expect((await lab.pay({ idempotencyKey }, service)).answer.payment_id).toBe(answer.payment_id);
      }
    } finally {
      await lab.endService(service);
      proxy.close();
    }
  });
}

Deno.test("a settlement that was stored and the connection lost is answered as stored", async () => {
  await using lab = await openLab();
  const { proxy, service } = await openBehindProxy(lab);
  try {
    let armed = true;
    for (const one of service.providers.values()) {
      const charge = one.charge.bind(one);
      one.charge = async (request, timeoutMs) => {
        const reply = await charge(request, timeoutMs);
        if (armed) proxy.loseReplies();
        armed = false;
        return reply;
      };
    }
    const paying = lab.pay({ idempotencyKey: "k-settled" }, service);
    await until(async () => await lab.count("payment_attempts") === WARM_PAYMENTS + 1);
    proxy.cut();
    const { answer, replayed } = await paying;
    expect([answer.status, replayed]).toEqual(["succeeded", false]);
    expect(lab.charges(answer.payment_id).map(({ state }) => state)).toEqual(["captured"]);
    expect(await lab.count("open_payments")).toBe(0);
    expect(await lab.brokenInvariants()).toEqual([]);
  } finally {
    await lab.endService(service);
    proxy.close();
  }
});
