import { createHmac, timingSafeEqual } from "node:crypto";

/** What a token approves: one transfer, for one caller, with these very arguments, until it expires. */
export interface ApprovalClaim {
  readonly tenantId: string;
  readonly principal: string;
  readonly transferId: string;
  /** Of the call's arguments without the token. */
  readonly requestHash: string;
  readonly expiresAtMs: number;
}

/** `<transfer>.<expiry>.<signature>`: what it names can be read, and none of it be changed. */
export function signApproval(claim: ApprovalClaim, secret: Uint8Array): string {
  return `${claim.transferId}.${claim.expiresAtMs}.${signatureOf(claim, secret)}`;
}

/** The claim of a token that was given to this caller for these arguments; null for any other. */
export function verifyApproval(
  token: string,
  call: Pick<ApprovalClaim, "tenantId" | "principal" | "requestHash">,
  secret: Uint8Array,
): ApprovalClaim | null {
  const match = /^(tr_[0-9a-z]{26})\.(\d{1,15})\.([A-Za-z0-9_-]{43})$/.exec(token);
  if (match === null) return null;
  const claim = { ...call, transferId: match[1], expiresAtMs: Number(match[2]) };
  const expected = new TextEncoder().encode(signatureOf(claim, secret));
  return timingSafeEqual(expected, new TextEncoder().encode(match[3])) ? claim : null;
}

function signatureOf(claim: ApprovalClaim, secret: Uint8Array): string {
  // JSON keeps the parts apart: no two claims give one text.
  const text = JSON.stringify([
    claim.tenantId,
    claim.principal,
    claim.transferId,
    claim.requestHash,
    claim.expiresAtMs,
  ]);
  return createHmac("sha256", secret).update(text).digest("base64url");
}
