import type { Draw } from "./draw.ts";

/**
 * Lockers, corner shops and forwarding agents, where parcels wait for whoever comes. Honest people have theirs sent
 * there because nobody is at home; thieves because nobody asks who they are.
 */
const PICK_UP_POINTS_PER_CUSTOMER = 1 / 40;

/** An address that is nobody's home; homes are numbered 1 to `customers`, and these after them. */
export function drawPickUpPoint(customers: number, draw: Draw): number {
  return customers + draw.integer(1, Math.max(8, Math.round(customers * PICK_UP_POINTS_PER_CUSTOMER)));
}
