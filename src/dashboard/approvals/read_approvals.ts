import { type ApprovalDecision, readLatestDecisions } from "../../db/approval_decisions.ts";
import type { PaymentService } from "../../payments/payment_service.ts";
import {
  readRefundsForPerson,
  readWaitingRefunds,
  type WaitingCursor,
} from "../../payments/refunds/refunds_for_person.ts";
import { readTransfersForPerson, readWaitingTransfers } from "../../wallets/transfers_for_person.ts";
import type { WalletService } from "../../wallets/wallet_service.ts";
import type { ApprovalItem } from "./approval_item.ts";
import { refundItem } from "./refund_item.ts";
import { transferItem } from "./transfer_item.ts";

export interface ApprovalServices {
  readonly payments: PaymentService;
  readonly wallets: WalletService;
}

export interface WaitingPage {
  /** Those that expire first in front. */
  readonly items: readonly ApprovalItem[];
  /** Behind which the next page begins; null where this is the last one. */
  readonly next: WaitingCursor | null;
}

/** What waits in a tenant for a person, refunds and transfers together. */
export async function readWaiting(
  { payments, wallets }: ApprovalServices,
  tenantId: string,
  { after, limit }: { after: WaitingCursor | null; limit: number },
): Promise<WaitingPage> {
  const asked = { after, limit: limit + 1 };
  const [refunds, transfers] = await Promise.all([
    readWaitingRefunds(payments, tenantId, asked),
    readWaitingTransfers(wallets, tenantId, asked),
  ]);
  const items = [...refunds.map(refundItem), ...transfers.map(transferItem)]
    .sort((a, b) => a.expiresAtMs - b.expiresAtMs || (a.id < b.id ? -1 : 1));
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown,
    next: items.length > limit && last !== undefined ? { expiresAtMs: last.expiresAtMs, id: last.id } : null,
  };
}

export interface DecidedItem {
  readonly item: ApprovalItem;
  readonly decision: ApprovalDecision;
}

/** What was decided in a tenant, the latest first. */
export async function readDecided(
  services: ApprovalServices,
  tenantId: string,
  limit: number,
): Promise<DecidedItem[]> {
  const decisions = await readLatestDecisions(services.payments.pool.of(tenantId), tenantId, limit);
  const items = await readItems(services, tenantId, decisions.map(({ resourceId }) => resourceId));
  return decisions.flatMap((decision) => {
    const item = items.get(decision.resourceId);
    return item === undefined ? [] : [{ item, decision }];
  });
}

/** Refunds and transfers that wait, or have waited, by their ids. */
export async function readItems(
  { payments, wallets }: ApprovalServices,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, ApprovalItem>> {
  const [refunds, transfers] = await Promise.all([
    readRefundsForPerson(payments, tenantId, ids.filter((id) => id.startsWith("re_"))),
    readTransfersForPerson(wallets, tenantId, ids.filter((id) => id.startsWith("tr_"))),
  ]);
  return new Map([...refunds.map(refundItem), ...transfers.map(transferItem)].map((item) => [item.id, item]));
}
