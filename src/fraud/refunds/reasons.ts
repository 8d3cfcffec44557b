/** Why money is asked back, as the score knows it. Any other text counts as `other`. */
export const REFUND_REASONS = ["changed_mind", "not_as_described", "not_received", "duplicate"] as const;
export type RefundReason = typeof REFUND_REASONS[number] | "other";

export function refundReasonOf(text: string | null): RefundReason {
  return REFUND_REASONS.find((reason) => reason === text) ?? "other";
}
