import { expect } from "expect";
import fc from "fast-check";
import { DomainError } from "../core/errors.ts";
import { type Lab, openLab, TENANT } from "../payments/testing/open_lab.ts";
import { type Account, accountOf } from "./accounts.ts";
import { hold, openAccounts, post, postHold, readBalance, type Transaction, voidHold } from "./transfers.ts";

const BANK = accountOf("external", "bank", "USD");
const WALLET = accountOf("wallet", "cust_ann", "USD");
const SHOP = accountOf("merchant", "merch_de", "USD");

function work<Result>(lab: Lab, steps: (transaction: Transaction) => Promise<Result>): Promise<Result> {
  return lab.stack.pool.of(TENANT).begin(steps) as Promise<Result>;
}

const move = (transferId: string, from: Account, to: Account, amountMinor: bigint) => ({
  tenantId: TENANT,
  transferId,
  postings: [{ account: from, amountMinor: -amountMinor }, { account: to, amountMinor }],
  atMs: 0,
});
const holdOf = (holdId: string, amountMinor: bigint) => ({
  tenantId: TENANT,
  holdId,
  account: WALLET,
  amountMinor,
  atMs: 0,
});
const endOf = (holdId: string, transferId = `end_${holdId}`) => ({
  tenantId: TENANT,
  holdId,
  transferId,
  atMs: 0,
});

Deno.test("a hold sets aside, a post takes a part of it, and what is left over is free again", async () => {
  await using lab = await openLab();
  await lab.fundWallet("cust_ann", 10_000n);
  const balance = () => work(lab, (sql) => readBalance(sql, TENANT, WALLET));
  await work(lab, (sql) => hold(sql, holdOf("h1", 6_000n)));
  expect(await balance()).toEqual({ balanceMinor: 10_000n, heldMinor: 6_000n, availableMinor: 4_000n });
  await work(lab, async (sql) => {
    await openAccounts(sql, TENANT, [SHOP]);
    await postHold(sql, { ...endOf("h1"), to: [{ account: SHOP, amountMinor: 2_500n }] });
  });
  expect(await balance()).toEqual({ balanceMinor: 7_500n, heldMinor: 0n, availableMinor: 7_500n });
  await work(lab, (sql) => hold(sql, holdOf("h2", 7_500n)));
  await work(lab, (sql) => voidHold(sql, endOf("h2")));
  expect(await balance()).toEqual({ balanceMinor: 7_500n, heldMinor: 0n, availableMinor: 7_500n });
  expect(await work(lab, (sql) => readBalance(sql, TENANT, accountOf("wallet", "cust_ann", "JPY")))).toBe(
    null,
  );
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("what cannot be moved is refused with its reason, and nothing is changed", async (t) => {
  await using lab = await openLab();
  await lab.fundWallet("cust_ann", 1_000n);
  await work(lab, async (sql) => {
    await openAccounts(sql, TENANT, [SHOP]);
    await hold(sql, holdOf("pending", 400n));
    await hold(sql, holdOf("voided", 100n));
    await voidHold(sql, endOf("voided"));
  });
  const yen = accountOf("external", "bank", "JPY");
  const cases: [expected: string, steps: (sql: Transaction) => Promise<void>][] = [
    [
      'Cannot take 6.01 USD from "wallet:cust_ann:USD": 6.00 is available.',
      (sql) => post(sql, move("t", WALLET, BANK, 601n)),
    ],
    ["Cannot take 6.01 USD", (sql) => hold(sql, holdOf("h", 601n))],
    ['Cannot take 0.01 USD from "merchant:', (sql) => post(sql, move("t", SHOP, BANK, 1n))],
    [
      'Account "wallet:cust_zoe:USD" is not open',
      (sql) => post(sql, move("t", BANK, accountOf("wallet", "cust_zoe", "USD"), 1n)),
    ],
    ["A hold is positive, not 0", (sql) => hold(sql, holdOf("h", 0n))],
    ["moves nothing", (sql) => post(sql, move("t", BANK, WALLET, 0n))],
    [
      "at least two postings",
      (sql) => post(sql, { ...move("t", BANK, WALLET, 1n), postings: [{ account: BANK, amountMinor: 1n }] }),
    ],
    ["Postings sum to -5 USD", (sql) => post(sql, move("t", BANK, yen, 5n))],
    [
      'Cannot post 4.01 of hold "pending": 4.00 USD is held.',
      (sql) => postHold(sql, { ...endOf("pending"), to: [{ account: SHOP, amountMinor: 401n }] }),
    ],
    [
      'Cannot post hold "voided": it is voided already.',
      (sql) => postHold(sql, { ...endOf("voided"), to: [{ account: SHOP, amountMinor: 1n }] }),
    ],
    ['Cannot void hold "voided": it is voided already.', (sql) => voidHold(sql, endOf("voided", "again"))],
    ['Cannot void hold "none": there is none', (sql) => voidHold(sql, endOf("none"))],
    [
      'Hold "pending" is in USD',
      (sql) => postHold(sql, { ...endOf("pending"), to: [{ account: yen, amountMinor: 1n }] }),
    ],
  ];
  for (const [expected, steps] of cases) {
    await t.step(expected, async () => {
      await expect(work(lab, steps)).rejects.toThrow(expected);
    });
  }
  expect(await lab.balanceOf(WALLET)).toEqual({ balance: 1_000n, held: 400n });
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("of fifty drivers that end one hold, one wins", async () => {
  await using lab = await openLab();
  await lab.fundWallet("cust_ann", 1_000n);
  await work(lab, async (sql) => {
    await openAccounts(sql, TENANT, [SHOP]);
    await hold(sql, holdOf("h", 1_000n));
  });
  const outcomes = await Promise.allSettled(
    Array.from(
      { length: 50 },
      (_, i) =>
        work(
          lab,
          (sql) =>
            i % 2 === 0
              ? voidHold(sql, endOf("h", `t${i}`))
              : postHold(sql, { ...endOf("h", `t${i}`), to: [{ account: SHOP, amountMinor: 1_000n }] }),
        ),
    ),
  );
  expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBe(1);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "invalid_state" });
  }
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("transfers in all directions at once neither deadlock nor overdraw", async () => {
  await using lab = await openLab();
  const accounts = ["cust_ann", "cust_ben", "cust_nocard"].map((id) => accountOf("wallet", id, "USD"));
  for (const { ownerId } of accounts) await lab.fundWallet(ownerId, 300n);
  await work(lab, (sql) => openAccounts(sql, TENANT, [SHOP]));
  const everybody = [...accounts, SHOP];
  const outcomes = await Promise.all(Array.from({ length: 300 }, async (_, i) => {
    const from = everybody[i % 4];
    const to = everybody[(i + 1 + (i % 3)) % 4];
    try {
      await work(lab, (sql) => post(sql, move(`tr_${i}`, from, to, BigInt(1 + (i * 7) % 90))));
      return "moved";
    } catch (error) {
      if (error instanceof DomainError) return error.code;
      throw error;
    }
  }));
  expect(new Set(outcomes)).toEqual(new Set(["moved", "insufficient_funds"]));
  expect(await lab.brokenInvariants()).toEqual([]);
});

type Step =
  | { do: "post"; from: number; to: number; amount: number; currency: number }
  | { do: "hold"; on: number; amount: number; currency: number }
  | { do: "end"; which: number; as: "post" | "void"; part: number; to: number };

const CURRENCY_CODES = ["USD", "JPY", "KWD"];
const small = fc.integer({ min: 1, max: 2_000 });
const index = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("post" as const), from: index, to: index, amount: small, currency: fc.nat(2) }),
  fc.record({ do: fc.constant("hold" as const), on: index, amount: small, currency: fc.nat(2) }),
  fc.record({
    do: fc.constant("end" as const),
    which: fc.nat(8),
    as: fc.constantFrom("post" as const, "void" as const),
    part: fc.integer({ min: 1, max: 100 }),
    to: index,
  }),
);

Deno.test("whatever is moved, held, posted and voided, every invariant holds and a model agrees", async () => {
  await using lab = await openLab();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      run++;
      const account = (i: number, currency: number) =>
        i === 0
          ? accountOf("external", `bank_${run}`, CURRENCY_CODES[currency])
          : accountOf(i < 4 ? "wallet" : "merchant", `o${i}_${run}`, CURRENCY_CODES[currency]);
      const all = CURRENCY_CODES.flatMap((_, currency) =>
        [0, 1, 2, 3, 4, 5].map((i) => account(i, currency))
      );
      await work(lab, (sql) => openAccounts(sql, TENANT, all));
      const expected = new Map(all.map(({ accountId }) => [accountId, { balance: 0n, held: 0n }]));
      const holds: { id: string; on: Account; amount: bigint; open: boolean; currency: number }[] = [];
      const may = ({ kind, accountId }: Account, amount: bigint) =>
        kind === "external" || expected.get(accountId)!.balance - expected.get(accountId)!.held >= amount;
      const add = (to: Account, amount: bigint) => expected.get(to.accountId)!.balance += amount;
      for (const [i, next] of steps.entries()) {
        const id = `s${run}_${i}`;
        let allowed = false;
        let attempt: (sql: Transaction) => Promise<void>;
        if (next.do === "post") {
          const [from, to] = [account(next.from, next.currency), account(next.to, next.currency)];
          if (from.accountId === to.accountId) continue;
          const amount = BigInt(next.amount);
          allowed = may(from, amount);
          attempt = (sql) => post(sql, move(id, from, to, amount));
          if (allowed) (add(from, -amount), add(to, amount));
        } else if (next.do === "hold") {
          const on = account(next.on, next.currency);
          const amount = BigInt(next.amount);
          allowed = may(on, amount);
          attempt = (sql) => hold(sql, { ...holdOf(id, amount), account: on });
          if (allowed) {
            expected.get(on.accountId)!.held += amount;
            holds.push({ id, on, amount, open: true, currency: next.currency });
          }
        } else {
          if (holds.length === 0) continue;
          const ended = holds[next.which % holds.length];
          const to = account(next.to, ended.currency);
          const part = (ended.amount * BigInt(next.part)) / 100n || 1n;
          if (to.accountId === ended.on.accountId) continue;
          allowed = ended.open;
          attempt = next.as === "void"
            ? (sql) => voidHold(sql, endOf(ended.id, id))
            : (sql) => postHold(sql, { ...endOf(ended.id, id), to: [{ account: to, amountMinor: part }] });
          if (allowed) {
            ended.open = false;
            expected.get(ended.on.accountId)!.held -= ended.amount;
            if (next.as === "post") (add(ended.on, -part), add(to, part));
          }
        }
        const done = await work(lab, attempt).then(() => true, (error) => {
          if (error instanceof DomainError) return false;
          throw error;
        });
        expect([i, next, done]).toEqual([i, next, allowed]);
      }
      for (const one of all) {
        expect([one.accountId, await lab.balanceOf(one)]).toEqual([
          one.accountId,
          expected.get(one.accountId),
        ]);
      }
      expect(await lab.brokenInvariants()).toEqual([]);
    }),
    { numRuns: 25 },
  );
});
