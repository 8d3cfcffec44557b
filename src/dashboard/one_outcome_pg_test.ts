import { expect } from "expect";
import { decideRefund } from "../payments/refunds/approve_refund.ts";
import { completeRefunds } from "../payments/refunds/complete_refunds.ts";
import { refund as askRefund, refundedAtProviders } from "../payments/testing/refund_lab.ts";
import { TENANT } from "../payments/testing/open_lab.ts";
import { decideTransfer, expireTransfers } from "../wallets/approve_transfer.ts";
import { openWalletLab, type WalletLab } from "../wallets/testing/open_wallet_lab.ts";

/** What can be done about something that waits, by whoever may. */
type Act = "page yes" | "page no" | "token yes" | "token no" | "expiry";

interface Waiting {
  readonly id: string;
  /** Carries it out on one of two servers and says what it was afterwards. */
  act(act: Act, server: 0 | 1): Promise<string>;
  /** What of it has moved: money, in minor units. */
  moved(): Promise<bigint>;
}

/** Each kind of thing that waits, made anew. */
const KINDS: Record<string, { amountMinor: bigint; wait(lab: WalletLab): Promise<Waiting> }> = {
  refund: { amountMinor: 2_000n, wait: waitingRefund },
  transfer: { amountMinor: 95_000n, wait: waitingTransfer },
};

const ENDS: Record<string, Record<"approved" | "rejected" | "expired", string>> = {
  refund: { approved: "succeeded", rejected: "rejected", expired: "expired" },
  transfer: { approved: "posted", rejected: "rejected", expired: "expired" },
};

for (const [kind, { amountMinor, wait }] of Object.entries(KINDS)) {
  Deno.test(`a ${kind}'s first decision stands, whatever comes after it and by which way`, async (t) => {
    await using lab = await openWalletLab();
    await lab.openService();
    const cases: [first: Act, then: Act, decision: "approved" | "rejected" | "expired"][] = [
      ["page yes", "page yes", "approved"],
      ["page yes", "page no", "approved"],
      ["page yes", "token no", "approved"],
      ["page yes", "expiry", "approved"],
      ["page no", "token yes", "rejected"],
      ["page no", "page yes", "rejected"],
      ["token yes", "page no", "approved"],
      ["token no", "page yes", "rejected"],
      ["expiry", "page yes", "expired"],
      ["expiry", "token yes", "expired"],
    ];
    for (const [first, then, decision] of cases) {
      await t.step(`${first}, then ${then}: ${decision}`, async () => {
        const waiting = await wait(lab);
        const before = await waiting.moved();
        const ends = ENDS[kind][decision];
        expect([await waiting.act(first, 0), await waiting.act(then, 1)]).toEqual([ends, ends]);
        expect(await waiting.moved() - before).toBe(decision === "approved" ? amountMinor : 0n);
        expect(await decisionsOf(lab, waiting.id)).toEqual([{
          decision,
          via: first === "expiry" ? "expiry" : first.startsWith("page") ? "dashboard" : "token",
          by: first === "expiry" ? "system" : first.startsWith("page") ? "maria" : "tester",
          audited: 1,
        }]);
      });
    }
    await t.step("a person's yes that comes too late, before anybody has noticed: expired", async () => {
      const waiting = await wait(lab);
      const before = await waiting.moved();
      lab.lab.clock.advance(lab.lab.service.settings.approvalLifetimeMs);
      expect(await waiting.act("page yes", 1)).toBe("expired");
      expect(await waiting.moved()).toBe(before);
      expect(await decisionsOf(lab, waiting.id)).toEqual([
        { decision: "expired", via: "expiry", by: "system", audited: 1 },
      ]);
    });
    expect(await lab.lab.brokenInvariants()).toEqual([]);
  });

  Deno.test(`whoever decides about a ${kind} at the same moment, on two servers, there is one outcome`, async (t) => {
    await using lab = await openWalletLab();
    await lab.openService();
    const races: Act[][] = [
      ["page yes"],
      ["page yes", "page no"],
      ["page yes", "token yes"],
      ["page no", "token yes"],
      ["page yes", "token no", "page no", "token yes"],
    ];
    for (const acts of races) {
      await t.step(acts.join(", "), async () => {
        const waiting = await wait(lab);
        const before = await waiting.moved();
        const outcomes = await Promise.all(
          Array.from({ length: 16 }, (_, i) => waiting.act(acts[i % acts.length], i % 3 === 0 ? 0 : 1)),
        );
        const [decided, ...more] = await decisionsOf(lab, waiting.id);
        expect(more).toEqual([]);
        expect(decided.audited).toBe(1);
        expect(new Set(outcomes)).toEqual(new Set([ENDS[kind][decided.decision]]));
        expect(await waiting.moved() - before).toBe(decided.decision === "approved" ? amountMinor : 0n);
      });
    }
    // At the very end of its time: either in time for all, or too late for all.
    await t.step("the last moment", async () => {
      const waiting = await wait(lab);
      const before = await waiting.moved();
      const outcomes = await Promise.all([
        ...Array.from({ length: 8 }, (_, i) => waiting.act("page yes", i % 2 === 0 ? 0 : 1)),
        waiting.act("expiry", 0),
        waiting.act("expiry", 1),
      ]);
      const [decided, ...more] = await decisionsOf(lab, waiting.id);
      expect(more).toEqual([]);
      expect(new Set(outcomes)).toEqual(new Set([ENDS[kind][decided.decision]]));
      expect(await waiting.moved() - before).toBe(decided.decision === "approved" ? amountMinor : 0n);
    });
    expect(await lab.lab.brokenInvariants()).toEqual([]);
  });
}

async function waitingRefund(lab: WalletLab): Promise<Waiting> {
  const { answer: paid } = await lab.lab.pay({
    amountMinor: 5_000n,
    paymentMethodId: "pm_card_refund_review",
  });
  const asked = { paymentId: paid.payment_id, amount: "20.00", reason: "not_received" };
  const { answer } = await askRefund(lab.lab, asked);
  const refundId = answer.refund_id;
  const statusOf = async () => {
    const [row] = await lab.lab.owner`select status from refunds where refund_id = ${refundId}`;
    return String(row.status);
  };
  return {
    id: refundId,
    act: async (act, server) => {
      const service = lab.payments(server);
      if (act === "expiry") {
        lab.lab.clock.advance(service.settings.approvalLifetimeMs);
        await completeRefunds(service);
        return await statusOf();
      }
      const approved = act.endsWith("yes");
      const decided = act.startsWith("page")
        ? await decideRefund(service, {
          tenantId: TENANT,
          refundId,
          approved,
          by: { name: "maria", via: "dashboard" },
        })
        : await askRefund(
          lab.lab,
          { ...asked, approvalToken: answer.approval!.approval_token, approved },
          service,
        );
      return decided!.answer.status;
    },
    moved: () => Promise.resolve(refundedAtProviders(lab.lab)),
  };
}

let people = 0;

async function waitingTransfer(lab: WalletLab): Promise<Waiting> {
  const sender = `cust_sender_${people++}`;
  const payees = Array.from({ length: 8 }, () => `cust_payee_${people++}`);
  await lab.addCustomers([sender, ...payees]);
  await lab.fund(sender, 1_000_000n);
  // New payees, each just below a limit: sooner or later a person is asked.
  for (const payee of payees) {
    const asked = {
      fromWalletId: `wallet:${sender}:USD`,
      toWalletId: `wallet:${payee}:USD`,
      amountMinor: 95_000n,
    };
    const { answer } = await lab.transfer(asked);
    if (answer.status !== "pending_approval") continue;
    const transferId = answer.transfer_id;
    return {
      id: transferId,
      act: async (act, server) => {
        const service = lab.wallets(server);
        if (act === "expiry") {
          lab.lab.clock.advance(service.settings.approvalLifetimeMs);
          await expireTransfers(service);
          const [row] = await lab.lab
            .owner`select status from wallet_transfers where transfer_id = ${transferId}`;
          return String(row.status);
        }
        const approved = act.endsWith("yes");
        const decided = act.startsWith("page")
          ? await decideTransfer(service, {
            tenantId: TENANT,
            transferId,
            approved,
            by: { name: "maria", via: "dashboard" },
          })
          : await lab.transfer(
            { ...asked, approvalToken: answer.approval!.approval_token, approved },
            service,
          );
        return decided!.answer.status;
      },
      moved: async () => {
        const [row] = await lab.lab.owner`
          select coalesce(max(balance_minor), 0)::text as balance from accounts
           where account_id = ${`wallet:${payee}:USD`}`;
        return BigInt(row.balance);
      },
    };
  }
  throw new Error("No transfer was held");
}

async function decisionsOf(
  lab: WalletLab,
  id: string,
): Promise<{ decision: "approved" | "rejected" | "expired"; via: string; by: string; audited: number }[]> {
  const rows = await lab.lab.owner<
    { decision: "approved" | "rejected" | "expired"; via: string; by: string; audited: number }[]
  >`
    select decision, decided_via as via, decided_by as by,
           (select count(*)::int from audit_events e
             where e.resource = d.resource_id and e.audit_id like '%\\_2') as audited
      from approval_decisions d where resource_id = ${id}`;
  return [...rows];
}
