import { expect } from "expect";
import { Random } from "../core/random.ts";
import { isDeadlock } from "../db/lost_race.ts";
import { checkFeatures } from "./check_features.ts";
import type { PaymentRequest } from "./payment.ts";
import { type Lab, openLab, TENANT } from "./testing/open_lab.ts";

/** As many callers at once, each payment after the other, so that batches follow one another closely. */
async function payInTurn(lab: Lab, callers: number, each: number, ask: () => Partial<PaymentRequest>) {
  const outcomes = await Promise.all(
    Array.from({ length: callers }, async () => {
      const own: PromiseSettledResult<unknown>[] = [];
      for (let i = 0; i < each; i++) own.push(...await Promise.allSettled([lab.pay(ask())]));
      return own;
    }),
  );
  return outcomes.flat();
}

/** All of one card, one device and one shop: each batch goes on from what the one before it is about to store. */
function ofOneCard(random: Random): Partial<PaymentRequest> {
  return {
    paymentMethodId: "pm_card_visa",
    deviceId: "dev_1",
    amountMinor: BigInt(random.integer(100, 9_000)),
    idempotencyKey: crypto.randomUUID(),
  };
}

async function expectSound(lab: Lab, payments: number): Promise<void> {
  expect(await lab.count("payments")).toBe(payments);
  expect(await lab.count("open_payments")).toBe(0);
  expect(lab.charges().length).toBe(payments);
  expect(await lab.brokenInvariants()).toEqual([]);
  expect(await checkFeatures(lab.owner)).toMatchObject({
    vectors: payments,
    differingVectors: 0,
    differingStates: 0,
  });
}

Deno.test("batches that follow each other on the same states lose nothing", async () => {
  await using lab = await openLab();
  const random = new Random(5);
  const outcomes = await payInTurn(lab, 12, 20, () => ofOneCard(random));
  expect(outcomes.filter(({ status }) => status === "rejected")).toEqual([]);
  await expectSound(lab, 240);
});

Deno.test("a batch that fails takes those that went on from it along, and each payment is still made once", async () => {
  await using lab = await openLab();
  const random = new Random(6);
  let ended = false;
  // A key that another server has used meanwhile: this one takes it for new, and the batch fails when it claims it.
  const another = await lab.openService();
  const elsewhere = Array.from({ length: 12 }, () => ({ ...ofOneCard(random), amountMinor: 777n }));
  for (const request of elsewhere) await lab.pay(request, another);
  const repeated = elsewhere.values();
  const interfering = (async () => {
    while (!ended) {
      // Somebody else has written the states, as they were; without minding the order, so it may lose to a batch.
      await lab.owner`update feature_states set version = version + 1 where tenant_id = ${TENANT}`
        .catch((error) => {
          if (!isDeadlock(error)) throw error;
        });
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  })();
  const outcomes = await payInTurn(
    lab,
    12,
    20,
    () => random.chance(0.08) ? repeated.next().value ?? ofOneCard(random) : ofOneCard(random),
  );
  ended = true;
  await interfering;
  expect(outcomes.filter(({ status }) => status === "rejected")).toEqual([]);
  const used = 12 - [...repeated].length;
  expect(used).toBeGreaterThan(3);
  await expectSound(lab, 12 + 240 - used);
});

Deno.test("payments that cannot be stored fail alone, between batches that go on from each other", async () => {
  await using lab = await openLab();
  const random = new Random(7);
  let unstorable = 0;
  const outcomes = await payInTurn(lab, 12, 20, () => {
    if (!random.chance(0.05)) return ofOneCard(random);
    unstorable++;
    return { ...ofOneCard(random), description: "a NUL that the edge would have refused: \u0000" };
  });
  expect(unstorable).toBeGreaterThan(3);
  const refusals = outcomes.filter((outcome) => outcome.status === "rejected")
    .map(({ reason }) => `${reason.code} ${reason.message}`);
  expect(refusals).toEqual(Array(unstorable).fill(expect.stringContaining("invalid byte sequence")));
  await expectSound(lab, 240 - unstorable);
});

Deno.test("wallets and cards take turns: neither waits until the other has ended", async () => {
  await using lab = await openLab();
  await lab.fundWallet("cust_ben", 200_000n);
  const random = new Random(8);
  const finished: string[] = [];
  const pay = async (method: "wallet" | "card") => {
    const wallet = { customerId: "cust_ben", method, paymentMethodId: null, amountMinor: 100n } as const;
    await lab.pay(method === "wallet" ? wallet : ofOneCard(random));
    finished.push(method);
  };
  await Promise.all(
    (["wallet", "card"] as const).flatMap((method) =>
      Array.from({ length: 6 }, async () => {
        for (let i = 0; i < 20; i++) await pay(method);
      })
    ),
  );
  expect(finished.length).toBe(240);
  const firstHalf = finished.slice(0, 120).filter((method) => method === "wallet").length;
  expect(firstHalf).toBeGreaterThan(10);
  expect(firstHalf).toBeLessThan(110);
  expect(await lab.brokenInvariants()).toEqual([]);
  expect(await checkFeatures(lab.owner)).toMatchObject({ differingVectors: 0, differingStates: 0 });
});

Deno.test("connections that are lost under load leave no payment waiting, and the next ones go through", async () => {
  await using lab = await openLab();
  await lab.fundWallet("cust_ben", 500_000n);
  const random = new Random(9);
  let ended = false;
  const cutting = (async () => {
    for (let cut = 0; cut < 12; cut++) {
      await new Promise((resolve) => setTimeout(resolve, 80));
      const purpose = ["batches", "look-ups", "locking", "booking"][cut % 4];
      await lab.stack.pool.of(TENANT)`
        select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename = current_user and application_name like ${`%${purpose}`}`;
    }
    ended = true;
  })();
  const callers = Array.from({ length: 12 }, async (_, caller) => {
    while (!ended) {
      const wallet = {
        customerId: "cust_ben",
        method: "wallet",
        paymentMethodId: null,
        amountMinor: 1n,
      } as const;
      // Some fail with their connection: what became of them the completer finds out.
      await lab.pay(caller % 4 === 0 ? wallet : ofOneCard(random)).catch(() => {});
    }
  });
  await Promise.all([cutting, ...callers]);
  const outcomes = await payInTurn(lab, 4, 5, () => ofOneCard(random));
  expect(outcomes.map((outcome) => outcome.status === "rejected" ? `${outcome.reason}` : outcome.status))
    .toEqual(Array(20).fill("fulfilled"));
  await lab.completeAll();
  expect(await lab.brokenInvariants()).toEqual([]);
  expect(await checkFeatures(lab.owner)).toMatchObject({ differingVectors: 0, differingStates: 0 });
});
