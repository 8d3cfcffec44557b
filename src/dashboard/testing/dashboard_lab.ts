import { bearer, callTool, SECRET, type ServedLab, serveLab } from "../../http/testing/serve_lab.ts";
import type { LabOptions } from "../../payments/testing/open_lab.ts";
import { WalletLab } from "../../wallets/testing/open_wallet_lab.ts";

export const PAGE = "http://127.0.0.1:8000/dashboard";

/** A server with tokens, whose pending answers name the dashboard. */
export function serveDashboard(
  { tokens = true, publicUrl = null, ...lab }: LabOptions & { tokens?: boolean; publicUrl?: string | null } =
    {},
): Promise<ServedLab> {
  return serveLab({
    config: { publicUrl, ...(tokens ? { jwtSecretKey: SECRET } : {}) },
    lab: { approvals: { page: PAGE, byToken: true }, ...lab },
  });
}

type Answer = Record<string, unknown>;

export interface Pending {
  readonly id: string;
  readonly answer: Answer;
  /** The call that is to be repeated, with the token of the answer where there is one. */
  again(fields?: Record<string, unknown>): Promise<Answer>;
}

/** Asks, as an agent, for a refund that needs a person. */
export async function askForRefund(
  served: ServedLab,
  fields: { amount?: string; reason?: string; paymentId?: string; tenantId?: string } = {},
): Promise<Pending> {
  const headers = await agentHeaders(fields.tenantId);
  const paymentId = fields.paymentId ?? await payReviewed(served, headers, fields.tenantId);
  const refund = {
    payment_id: paymentId,
    amount: fields.amount ?? "20.00",
    reason: fields.reason ?? "not_received",
    idempotency_key: crypto.randomUUID(),
  };
  const { structuredContent: answer } = await callTool(served.url, "refund_payment", refund, headers);
  return {
    id: String(answer.refund_id),
    answer,
    again: async (more = {}) =>
      (await callTool(served.url, "refund_payment", { ...refund, ...withToken(answer), ...more }, headers))
        .structuredContent,
  };
}

export async function payReviewed(
  served: ServedLab,
  headers: Record<string, string>,
  tenantId = "lab",
): Promise<string> {
  const { structuredContent: paid } = await callTool(served.url, "create_payment", {
    amount: "50.00",
    currency: "USD",
    method: "card",
    customer_id: CUSTOMERS[tenantId] ?? "cust_ann",
    payment_method_id: "pm_card_refund_review",
  }, headers);
  return String(paid.payment_id);
}

const CUSTOMERS: Record<string, string> = { lab: "cust_ann", other: "cust_other", default: "cust_123" };

/** Pays, as an agent, from Ann's wallet to new payees just below a limit until one transfer is held. */
export async function askForTransfer(served: ServedLab, memo = "Rent"): Promise<Pending> {
  const headers = await agentHeaders();
  const wallets = new WalletLab(served.lab);
  await wallets.fund("cust_ann", 1_000_000n);
  for (let i = 1; i <= 8; i++) {
    const payee = `cust_${crypto.randomUUID().slice(0, 8)}`;
    await wallets.addCustomers([payee]);
    const transfer = {
      from_wallet_id: "wallet:cust_ann:USD",
      to_wallet_id: `wallet:${payee}:USD`,
      amount: "950.00",
      currency: "USD",
      memo,
      idempotency_key: crypto.randomUUID(),
    };
    const { structuredContent: answer } = await callTool(served.url, "transfer_funds", transfer, headers);
    if (answer.status !== "pending_approval") continue;
    return {
      id: String(answer.transfer_id),
      answer,
      again: async (more = {}) =>
        (await callTool(
          served.url,
          "transfer_funds",
          { ...transfer, ...withToken(answer), ...more },
          headers,
        ))
          .structuredContent,
    };
  }
  throw new Error("No transfer was held");
}

export function agentHeaders(tenantId = "lab"): Promise<Record<string, string>> {
  return bearer({ principal: "agent-1", tenantId, scopes: ["payments", "wallets"] });
}

/** A person's own token, without the word in front. */
export async function approverToken(
  claims: { principal?: string; tenantId?: string; expiresInS?: number } = {},
): Promise<string> {
  const { authorization } = await bearer({ principal: "maria", scopes: ["approvals:decide"], ...claims });
  return authorization.slice("Bearer ".length);
}

function withToken(answer: Answer): Record<string, unknown> {
  const token = (answer.approval as { approval_token: string | null } | null)?.approval_token;
  return token == null ? {} : { approval_token: token };
}
