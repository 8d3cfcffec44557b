import { type ApprovalClaim, signApproval } from "./approval_token.ts";
import { toRfc3339 } from "./clock.ts";
import { DomainError } from "./errors.ts";

/** How what waits for a person can be decided in this server. */
export interface ApprovalWays {
  /** The page on which a person decides; null where none is served. */
  readonly page: string | null;
  /** Whether the call repeated with its token decides as well. Without, whoever made the call cannot approve it. */
  readonly byToken: boolean;
}

/** Where no page is served. */
export const TOKEN_ONLY: ApprovalWays = { page: null, byToken: true };

/** What a pending answer says of its approval. */
export interface WaitingApproval {
  /** Null where only the page decides. */
  approval_token: string | null;
  /** The page, at the very item; null where none is served. */
  approval_page: string | null;
  expires_at: string;
}

export function waitingApproval(
  ways: ApprovalWays,
  claim: ApprovalClaim,
  secret: Uint8Array,
): WaitingApproval {
  return {
    approval_token: ways.byToken ? signApproval(claim, secret) : null,
    approval_page: ways.page === null ? null : `${ways.page}#${claim.resourceId}`,
    expires_at: toRfc3339(claim.expiresAtMs),
  };
}

/**
 * The next move of a pending answer.
 *
 * @param shown what a person has to see before they decide
 * @param tells how the caller learns what was decided on the page
 */
export function nextMoveOfWaiting(
  { approval_token, approval_page }: WaitingApproval,
  { shown, tells }: { shown: string; tells: string },
): string {
  const byPage = `A person decides it at ${approval_page}; ${tells}.`;
  const byToken =
    `show ${shown} to a person. If they approve, repeat the call with approval_token; if not, with approved false as ` +
    "well; else it expires.";
  if (approval_token === null) return `${byPage} Nobody else can; undecided, it expires.`;
  return approval_page === null ? `S${byToken.slice(1)}` : `${byPage} Or ${byToken}`;
}

/** For a call with a token where only the page decides; what waits is not touched. */
export function approvalByPageOnly({ page }: ApprovalWays): DomainError {
  return new DomainError("invalid_approval_token", "This server takes no approval_token: a person decides.", {
    field: "approval_token",
    nextMove: `Leave it out and have a person decide at ${page}.`,
  });
}
