import { ReplyLosingProxy } from "../db/testing/reply_losing_proxy.ts";
import { expect } from "expect";
import fc from "fast-check";
import { DomainError } from "../core/errors.ts";
import { accountOf } from "../ledger/accounts.ts";
import { TENANT } from "../payments/testing/open_lab.ts";
import { expireTransfers } from "./approve_transfer.ts";
import { openWalletLab, type WalletLab } from "./testing/open_wallet_lab.ts";
import type { TransferRequest } from "./transfer.ts";
import type { TransferredFunds } from "./transfer_funds.ts";

/** The error's code, or the answer's status. */
async function outcome(call: Promise<TransferredFunds>): Promise<string> {
  try {
    return (await call).answer.status;
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

Deno.test("transferFunds() moves the amount, opens the receiver's wallet, and leaves its record and audit row", async () => {
  await using lab = await openWalletLab();
  await lab.fund("cust_ann", 10_000n);
  const { answer, replayed } = await lab.transfer({ amountMinor: 2_500n, memo: "lunch" });
  expect(replayed).toBe(false);
  expect(answer).toMatchObject({
    status: "posted",
    debited: { amount: "25.00", amount_minor: 2_500, currency: "USD" },
    credited: { amount: "25.00", amount_minor: 2_500, currency: "USD" },
    conversion: null,
    available_after: { amount: "75.00" },
    memo: "lunch",
    risk: { decision: "approve", patterns: [{ pattern: "new_payee" }] },
  });
  expect(await lab.balanceOf("cust_ann")).toEqual({ balance: 7_500n, held: 0n });
  expect(await lab.balanceOf("cust_ben")).toEqual({ balance: 2_500n, held: 0n });
  const audit = await lab.lab.owner`
    select actor, action, resource from audit_events where resource = ${answer.transfer_id}`;
  expect([...audit]).toEqual([{ actor: "tester", action: "transfer.posted", resource: answer.transfer_id }]);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("transferFunds() says what it cannot do, in a fixed order, and moves nothing", async (t) => {
  await using lab = await openWalletLab();
  await lab.fund("cust_ann", 1_000n);
  const cases: [Partial<TransferRequest>, string, string | undefined][] = [
    [{ fromWalletId: "wallet:cust_nobody:USD" }, "unknown_wallet", "from_wallet_id"],
    [{ fromWalletId: "wallet:cust_nocard:USD" }, "unknown_wallet", "from_wallet_id"], // never opened
    [{ fromWalletId: "wallet:cust_other:USD" }, "unknown_wallet", "from_wallet_id"], // another tenant's
    [{ fromWalletId: "merchant:merch_default:USD" }, "unknown_wallet", "from_wallet_id"],
    [{ fromWalletId: "external:bank:USD" }, "unknown_wallet", "from_wallet_id"],
    [{ toWalletId: "external:bank:USD" }, "unknown_wallet", "to_wallet_id"],
    [{ toWalletId: "wallet:cust_other:USD" }, "unknown_wallet", "to_wallet_id"],
    [{ toWalletId: "wallet:cust_ben:XYZ" }, "unknown_wallet", "to_wallet_id"],
    [{ toWalletId: "wallet:constructor:USD" }, "unknown_wallet", "to_wallet_id"],
    [{ toWalletId: "merchant:merch_wallet:USD" }, "unknown_wallet", "to_wallet_id"], // takes top-ups only
    [{ toWalletId: "wallet:cust_ann:USD" }, "invalid_arguments", "to_wallet_id"],
    [{ currency: "JPY" }, "invalid_arguments", "currency"],
    [{ toWalletId: "wallet:cust_ben:KWD", amountMinor: 1n, currency: "USD" }, "posted", undefined],
    [{ toWalletId: "wallet:cust_ben:EUR", amountMinor: 1n, currency: "USD" }, "invalid_amount", "amount"],
    [{ approvalToken: "made-up" }, "invalid_approval_token", "approval_token"],
    [{ amountMinor: 1_001n }, "insufficient_funds", "amount"],
  ];
  for (const [asked, code, field] of cases) {
    await t.step(
      `${JSON.stringify(asked, (_, v) => typeof v === "bigint" ? `${v}` : v)}: ${code}`,
      async () => {
        const call = lab.transfer(asked);
        if (code === "posted") return void expect(await outcome(call)).toBe(code);
        await expect(call).rejects.toMatchObject({ code, field });
      },
    );
  }
  expect((await lab.balanceOf("cust_ann")).balance).toBe(999n);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("of 200 concurrent debits of 1.00 on a wallet of 100.00, exactly 100 succeed, on two servers", async () => {
  await using lab = await openWalletLab();
  const second = await lab.openService();
  await lab.fund("cust_ann", 10_000n);
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      outcome(lab.transfer(
        { amountMinor: 100n, idempotencyKey: `debit-${i}`, toWalletId: `merchant:merch_default:USD` },
        i % 2 === 0 ? lab.service : second,
      ))),
  );
  expect(outcomes.filter((one) => one === "posted").length).toBe(100);
  expect(outcomes.filter((one) => one === "insufficient_funds").length).toBe(100);
  expect(await lab.balanceOf("cust_ann")).toEqual({ balance: 0n, held: 0n });
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a repeated key gets the first outcome to the letter, errors included, from either server", async () => {
  await using lab = await openWalletLab();
  const second = await lab.openService();
  await lab.fund("cust_ann", 5_000n);
  const call = { amountMinor: 2_000n, idempotencyKey: "k1" };
  const first = await lab.transfer(call);
  for (const service of [lab.service, second]) {
    const again = await lab.transfer(call, service);
    expect(again.replayed).toBe(true);
    expect(JSON.stringify(again.answer)).toBe(JSON.stringify(first.answer));
  }
  await expect(lab.transfer({ ...call, amountMinor: 1n })).rejects.toMatchObject({
    code: "idempotency_key_reused",
  });
  await expect(lab.transfer({ ...call, memo: "x" }, second)).rejects.toMatchObject({
    code: "idempotency_key_reused",
  });
  await expect(lab.lab.pay({ idempotencyKey: "k1" })).rejects.toMatchObject({
    code: "idempotency_key_reused",
  });
  // Keys belong to the principal.
  expect((await lab.transfer({ ...call, principal: "someone" })).replayed).toBe(false);

  const tooMuch = { amountMinor: 2_000n, idempotencyKey: "k2" };
  await expect(lab.transfer(tooMuch)).rejects.toMatchObject({ code: "insufficient_funds" });
  await lab.fund("cust_ann", 50_000n);
  for (const service of [lab.service, second]) {
    await expect(lab.transfer(tooMuch, service)).rejects.toMatchObject({
      code: "insufficient_funds",
      message: 'Cannot take 20.00 USD from "wallet:cust_ann:USD": 10.00 is available.',
    });
  }
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("fifty calls with one key on two servers make one transfer", async () => {
  await using lab = await openWalletLab();
  const second = await lab.openService();
  await lab.fund("cust_ann", 100_000n);
  const answers = await Promise.all(
    Array.from(
      { length: 50 },
      (_, i) => lab.transfer({ idempotencyKey: "one" }, i % 2 === 0 ? lab.service : second),
    ),
  );
  expect(new Set(answers.map(({ answer }) => JSON.stringify(answer))).size).toBe(1);
  expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
  expect((await lab.balanceOf("cust_ben")).balance).toBe(1_000n);
});

Deno.test("a transfer between currencies goes through the conversion account, which gains what is rounded", async () => {
  await using lab = await openWalletLab();
  await lab.fund("cust_ann", 100_000n);
  const euros = "wallet:cust_ben:EUR";
  const debit = await lab.transfer({ toWalletId: euros, amountMinor: 10_000n });
  expect(debit.answer).toMatchObject({
    amount: "100.00",
    currency: "USD",
    debited: { amount: "100.00", currency: "USD" },
    credited: { amount: "85.47", currency: "EUR" },
    conversion: {
      rate: "0.85470085",
      rate_date: "2026-01-02",
      rounding: expect.stringContaining("rounded down"),
    },
  });
  const credit = await lab.transfer({ toWalletId: euros, amountMinor: 5_000n, currency: "EUR" });
  expect(credit.answer).toMatchObject({
    debited: { amount: "58.50", currency: "USD" },
    credited: { amount: "50.00", currency: "EUR" },
    conversion: { rounding: expect.stringContaining("rounded up") },
  });
  expect((await lab.balanceOf("cust_ben", "EUR")).balance).toBe(13_547n);
  expect(await lab.lab.balanceOf(accountOf("external", "conversion", "USD"))).toMatchObject({
    balance: 15_850n,
  });
  expect(await lab.lab.balanceOf(accountOf("external", "conversion", "EUR"))).toMatchObject({
    balance: -13_547n,
  });
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

/** Four strangers pay Ben 300.00 each: the fourth looks like a collection. */
async function suspicious(lab: WalletLab, last: Partial<TransferRequest> = {}): Promise<TransferredFunds> {
  const strangers = ["s1", "s2", "s3", "s4"];
  await lab.addCustomers(strangers);
  for (const id of strangers) await lab.fund(id, 100_000n);
  for (const id of strangers.slice(0, 3)) {
    const { answer } = await lab.transfer({ fromWalletId: `wallet:${id}:USD`, amountMinor: 30_000n });
    expect(answer.status).toBe("posted");
  }
  return await lab.transfer({ ...FOURTH, ...last });
}
const FOURTH = { fromWalletId: "wallet:s4:USD", amountMinor: 30_000n };

Deno.test("a suspicious transfer is held with its evidence, and posted once by the same call with its token", async () => {
  await using lab = await openWalletLab();
  const second = await lab.openService();
  const call = { ...FOURTH, idempotencyKey: "held" };
  const { answer } = await suspicious(lab, call);
  expect(answer).toMatchObject({
    status: "pending_approval",
    risk: {
      decision: "hold",
      patterns: [{ pattern: "new_payee" }, {
        pattern: "fan_in",
        evidence: { new_senders: 4, total_usd: 1_200 },
      }],
    },
    approval: { approval_token: expect.any(String), expires_at: "2026-01-05T13:00:00.000Z" },
  });
  expect(await lab.balanceOf("s4")).toEqual({ balance: 100_000n, held: 30_000n });
  // Without the token it goes on waiting, and gets the same answer.
  expect((await lab.transfer(call, second)).answer).toEqual(answer);
  const approvalToken = answer.approval!.approval_token;
  for (
    const other of [
      { amountMinor: 30_001n },
      { memo: "x" },
      { toWalletId: "wallet:cust_ann:USD" },
      { principal: "someone" },
      { fromWalletId: "wallet:s3:USD" },
    ]
  ) {
    await expect(lab.transfer({ ...call, approvalToken, ...other })).rejects.toMatchObject({
      code: "invalid_approval_token",
    });
  }
  const approvals = await Promise.all(
    Array.from(
      { length: 20 },
      (_, i) => lab.transfer({ ...call, approvalToken }, i % 2 === 0 ? lab.service : second),
    ),
  );
  expect(approvals.filter(({ replayed }) => !replayed).length).toBe(1);
  expect(new Set(approvals.map((one) => JSON.stringify(one.answer))).size).toBe(1);
  expect(approvals[0].answer).toMatchObject({
    status: "posted",
    available_after: { amount: "700.00" },
    approval: null,
  });
  expect((await lab.transfer(call)).answer).toEqual(approvals[0].answer);
  expect(await lab.balanceOf("s4")).toEqual({ balance: 70_000n, held: 0n });
  expect((await lab.balanceOf("cust_ben")).balance).toBe(120_000n);
  expect(await expireTransfers(lab.service)).toBe(0);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a held transfer between currencies is posted at its first rate", async () => {
  await using lab = await openWalletLab();
  const call = {
    ...FOURTH,
    toWalletId: "wallet:cust_ben:USD",
    fromWalletId: "wallet:cust_ann:EUR",
    currency: "EUR",
  };
  await lab.fund("cust_ann", 100_000n, "EUR");
  const { answer } = await suspicious(lab, call);
  expect(answer.status).toBe("pending_approval");
  const { answer: posted } = await lab.transfer({ ...call, approvalToken: answer.approval!.approval_token });
  expect(posted).toMatchObject({ status: "posted", credited: { amount: "351.00", currency: "USD" } });
  expect((await lab.balanceOf("cust_ben")).balance).toBe(125_100n);
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("what nobody approves expires: the money is free again, and the token is worth nothing", async () => {
  await using lab = await openWalletLab();
  const call = { ...FOURTH, idempotencyKey: "held" };
  const { answer } = await suspicious(lab, call);
  lab.lab.clock.advance(3_600_000);
  expect(await expireTransfers(lab.service)).toBe(1);
  expect(await lab.balanceOf("s4")).toEqual({ balance: 100_000n, held: 0n });
  for (const approvalToken of [null, answer.approval!.approval_token]) {
    const again = await lab.transfer({ ...call, approvalToken });
    expect(again).toMatchObject({ replayed: true, answer: { status: "expired", approval: null } });
  }
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a token that comes too late ends the transfer itself", async () => {
  await using lab = await openWalletLab();
  const { answer } = await suspicious(lab);
  lab.lab.clock.advance(3_600_000);
  const late = await lab.transfer({ ...FOURTH, approvalToken: answer.approval!.approval_token });
  expect(late.answer.status).toBe("expired");
  expect(await lab.balanceOf("s4")).toEqual({ balance: 100_000n, held: 0n });
  expect(await lab.lab.brokenInvariants()).toEqual([]);
});

Deno.test("a burst that arrives at one moment sees itself", async () => {
  await using lab = await openWalletLab();
  const payees = Array.from({ length: 12 }, (_, i) => `p${i}`);
  await lab.addCustomers(payees);
  await lab.fund("cust_ann", 10_000_000n);
  const outcomes = await Promise.all(
    payees.map((id) => outcome(lab.transfer({ toWalletId: `wallet:${id}:USD`, amountMinor: 25_000n }))),
  );
  // Three new payees in a day are nothing yet, whichever three came first.
  expect(outcomes.filter((one) => one === "posted").length).toBe(3);
  expect(outcomes.filter((one) => one === "pending_approval").length).toBe(9);
});

Deno.test("whatever is transferred at once, on two servers, money is conserved and no wallet owes", async () => {
  await using lab = await openWalletLab();
  const second = await lab.openService();
  const people = ["a", "b", "c", "d", "e"];
  await lab.addCustomers(people);
  const currencies = ["USD", "EUR", "JPY"];
  for (const id of people) for (const currency of currencies) await lab.fund(id, 20_000n, currency);
  const total = () =>
    lab.lab.owner<{ currency: string; total: string }[]>`
      select currency, sum(balance_minor)::text as total from accounts
       where kind in ('wallet', 'merchant') or account_id like 'external:conversion:%' group by 1 order by 1`;
  const before = [...await total()];
  const wallet = fc.record({ who: fc.constantFrom(...people), currency: fc.constantFrom(...currencies) });
  const one = fc.record({
    from: wallet,
    to: wallet,
    amount: fc.bigInt(1n, 9_000n),
    credit: fc.boolean(),
    key: fc.nat(30),
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 10, maxLength: 60 }), async (transfers) => {
      run++;
      const outcomes = await Promise.all(
        transfers.map(({ from, to, amount, credit, key }, i) =>
          outcome(lab.transfer({
            fromWalletId: `wallet:${from.who}:${from.currency}`,
            toWalletId: `wallet:${to.who}:${to.currency}`,
            amountMinor: amount,
            currency: credit ? to.currency : from.currency,
            idempotencyKey: key < 20 ? null : `${run}-${key}`,
          }, i % 2 === 0 ? lab.service : second))
        ),
      );
      const definite = [
        "posted",
        "pending_approval",
        "refused",
        "insufficient_funds",
        "invalid_arguments",
        "invalid_amount",
        "idempotency_key_reused",
      ];
      expect(outcomes.filter((found) => !definite.includes(found))).toEqual([]);
      expect([...await total()]).toEqual(before);
      expect(await lab.lab.brokenInvariants()).toEqual([]);
    }),
    { numRuns: 12 },
  );
  const rows = await lab.lab.owner`select count(*) from wallet_transfers where tenant_id = ${TENANT}`;
  expect(Number(rows[0].count)).toBeGreaterThan(100);
});

Deno.test("a transfer that was stored and the connection lost is answered as stored, and made once", async () => {
  await using lab = await openWalletLab();
  await lab.fund("cust_ann", 10_000n);
  const proxy = new ReplyLosingProxy(lab.lab.database.appUrl);
  const service = await lab.openService(proxy.url);
  try {
    for (let i = 0; i < 3; i++) await lab.transfer({}, service);
    for (const idempotencyKey of ["k-lost", null]) {
      const before = await lab.balanceOf("cust_ann");
      proxy.loseReplies("; commit");
      const moving = lab.transfer({ idempotencyKey }, service);
      while ((await lab.balanceOf("cust_ann")).balance === before.balance) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      proxy.cut();
      expect((await moving).answer).toMatchObject({ status: "posted", amount_minor: 1_000 });
      expect((await lab.balanceOf("cust_ann")).balance).toBe(before.balance - 1_000n);
    }
    expect(await lab.lab.brokenInvariants()).toEqual([]);
  } finally {
    await service.end();
    proxy.close();
  }
});
