import { expect } from "expect";
import { fileURLToPath } from "node:url";
import { TEST_PAYMENT_METHODS } from "./providers/test_payment_methods.ts";
import { TOOLS } from "./mcp/catalog.ts";
import { approvalsPage } from "./dashboard/approvals/approvals_page.ts";
import { refundItem } from "./dashboard/approvals/refund_item.ts";
import type { RefundForPerson } from "./payments/refunds/refunds_for_person.ts";

const read = (path: string) => Deno.readTextFile(fileURLToPath(new URL(`../${path}`, import.meta.url)));

Deno.test("the README names each task, and no task that is not there", async () => {
  const readme = await read("README.md");
  const { tasks } = JSON.parse(await read("deno.json")) as { tasks: Record<string, unknown> };
  const named = new Set([...readme.matchAll(/deno task ([a-z][a-z0-9:]*)/g)].map(([, name]) => name));
  expect([...named].filter((name) => !(name in tasks))).toEqual([]);
  const unnamed = Object.keys(tasks).filter((name) => !readme.includes(`\`${name}\``) && !named.has(name));
  expect(unnamed).toEqual([]);
});

Deno.test("the README lists each test payment method, with what it does, and each tool", async () => {
  const readme = await read("README.md");
  for (const [id, { about }] of Object.entries(TEST_PAYMENT_METHODS)) {
    expect(readme).toContain(`| \`${id}\` | ${about} |`);
  }
  for (const { name } of TOOLS) expect(readme).toContain(`\`${name}\``);
});

Deno.test("the README shows the approvals page as it is: each of its lines stands there", async () => {
  const [, shown] = /## The page on which people decide[^]*?```\n([^]*?)```/.exec(await read("README.md"))!;
  const lines = shown.trim().split("\n");
  expect(lines.length).toBeGreaterThan(8);
  const page = String(
    await approvalsPage({
      person: { tenantId: "default", name: "maria" },
      formToken: "",
      waiting: { items: [refundItem(WAITING_REFUND)], next: null },
      isContinued: false,
      decided: [],
      nowMs: WAITING_REFUND.expiresAtMs - 59 * 60_000,
      tenantNowMs: WAITING_REFUND.expiresAtMs - 59 * 60_000,
      notice: null,
      nameRefusal: null,
      mark: "",
    }),
  );
  const text = page.replace(/<[^>]*>/g, " ").replace(/&amp;/g, "&").replace(/\s+/g, " ").replace(
    / ([.,])/g,
    "$1",
  );
  expect(lines.filter((line) => !text.includes(line))).toEqual([]);
});

const ASKED_AT_MS = Date.UTC(2026, 10, 25, 20, 18);
const WAITING_REFUND: RefundForPerson = {
  refundId: "re_01m8a5rkq44kezbrxw3xsv8tpk",
  status: "pending_approval",
  customerId: "cust_123",
  customerName: "Virgie Schowalter",
  merchantId: "merch_default",
  merchantName: "Sandbox Shop",
  askedBy: "agent-7",
  askedAtMs: ASKED_AT_MS,
  expiresAtMs: ASKED_AT_MS + 3_600_000,
  paidAtMs: ASKED_AT_MS,
  capturedMinor: 12_990n,
  refundedMinor: 0n,
  promisedMinor: 0n,
  answer: {
    refund_id: "re_01m8a5rkq44kezbrxw3xsv8tpk",
    payment_id: "pay_01m8a5rkft367cps74tkq29h69",
    status: "pending_approval",
    amount: "129.90",
    amount_minor: 12_990,
    currency: "USD",
    reason: "not_received",
    risk_score: 57.1,
    risk: {
      score: 57.1,
      review_at: 50,
      refuse_at: 83,
      probability: 0.1199,
      decision: "review",
      decided_by: "model",
      reasons: [
        { feature: "reason_not_received", value: 1, effect: 1.29 },
        { feature: "not_received_90d_ln", value: 0.6931, effect: 0.13 },
      ],
      history: { purchases: 49, payments_asked_back: 3, not_received: 1, found_untrue_ever: 0 },
      model_version: "abc",
    },
    borne_by: { merchant_minor: 0, provider_fee_minor: 0 },
    dispute: null,
    refunded_to: "pm_123",
    provider_refund_id: null,
    failure_code: null,
    payment: {
      status: "succeeded",
      captured_minor: 12_990,
      refunded_minor: 0,
      refundable: "129.90",
      refundable_minor: 12_990,
    },
    approval: null,
    created_at: "2026-11-25T20:18:00.000Z",
    requested_at: "2026-11-25T20:18:00.000Z",
    occurred_at: "2026-11-25T20:18:00.000Z",
    next_move: "",
  },
};
