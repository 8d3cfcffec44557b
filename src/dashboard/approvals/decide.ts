import { DomainError } from "../../core/errors.ts";
import { decideRefund } from "../../payments/refunds/approve_refund.ts";
import { decideTransfer } from "../../wallets/approve_transfer.ts";
import type { ApprovalServices } from "./read_approvals.ts";

export type Decided =
  /** It is decided: by this person now, or, with `before`, it had been by somebody else, or by its expiry. */
  | { readonly kind: "decided"; readonly before: boolean }
  /** It waits still, and why it cannot be done. */
  | { readonly kind: "impossible"; readonly error: DomainError }
  | { readonly kind: "unknown" };

/** Carries out what a person decided about the refund or transfer with this id. */
export async function decide(
  { payments, wallets }: ApprovalServices,
  { tenantId, id, approved, name }: { tenantId: string; id: string; approved: boolean; name: string },
): Promise<Decided> {
  const by = { name, via: "dashboard" } as const;
  try {
    const decided = id.startsWith("re_")
      ? await decideRefund(payments, { tenantId, refundId: id, approved, by })
      : await decideTransfer(wallets, { tenantId, transferId: id, approved, by });
    return decided === null ? { kind: "unknown" } : { kind: "decided", before: decided.replayed };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { kind: "impossible", error };
  }
}
