import { createHmac, timingSafeEqual } from "node:crypto";
import { DomainError } from "./errors.ts";

/**
 * What a token lets its holder go on with: one transfer, refund, payment or top-up that waits for a person, for one caller, with
 * these very arguments, until it expires. The same text is the request state of an `input_required` answer.
 */
export interface ApprovalClaim {
  readonly tenantId: string;
  readonly principal: string;
  /** Of what waits; its prefix says which kind it is. */
  readonly resourceId: string;
  /** Of the call's arguments without the token. */
  readonly requestHash: string;
  readonly expiresAtMs: number;
}

/** `<id>.<expiry>.<signature>`: what it names can be read, and none of it be changed. */
export function signApproval(claim: ApprovalClaim, secret: Uint8Array): string {
  return `${claim.resourceId}.${claim.expiresAtMs}.${signatureOf(claim, secret)}`;
}

/** The claim of a token that was given to this caller for these arguments; null for any other. */
export function verifyApproval(
  token: string,
  call: Pick<ApprovalClaim, "tenantId" | "principal" | "requestHash">,
  prefix: "tr" | "re" | "pay" | "top",
  secret: Uint8Array,
): ApprovalClaim | null {
  const match = /^(([a-z]{2,3})_[0-9a-z]{26})\.(\d{1,15})\.([A-Za-z0-9_-]{43})$/.exec(token);
  if (match === null || match[2] !== prefix) return null;
  const claim = { ...call, resourceId: match[1], expiresAtMs: Number(match[3]) };
  const expected = new TextEncoder().encode(signatureOf(claim, secret));
  return timingSafeEqual(expected, new TextEncoder().encode(match[4])) ? claim : null;
}

/** For a token that {@link verifyApproval} knows nothing of. */
export function invalidApproval(field: "approval_token" | "confirm_token", answered: string): DomainError {
  return new DomainError(
    "invalid_approval_token",
    `The ${field} was not given to this caller for a call with these arguments.`,
    {
      field,
      nextMove: `Repeat the call that answered ${answered} to the letter, with the token of its answer.`,
    },
  );
}

function signatureOf(claim: ApprovalClaim, secret: Uint8Array): string {
  // JSON keeps the parts apart: no two claims give one text.
  const text = JSON.stringify([
    claim.tenantId,
    claim.principal,
    claim.resourceId,
    claim.requestHash,
    claim.expiresAtMs,
  ]);
  return createHmac("sha256", secret).update(text).digest("base64url");
}
