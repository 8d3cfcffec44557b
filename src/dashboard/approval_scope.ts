/**
 * The scope of a person who decides about what waits. It goes with no other: a token that can ask for a refund must not
 * be enough to approve it.
 */
export const APPROVAL_SCOPE = "approvals:decide";
