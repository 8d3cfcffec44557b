import { createHmac } from "node:crypto";

/**
 * A share of what the model would decline is approved at random, because of a declined payment nobody ever learns what it
 * was: a model that is trained on approved payments alone never sees what its predecessor knew best
 * (sim/bench/selection). What was drawn stands for the rest, each with the weight 1 over the share.
 */
export interface DeclineExploration {
  /** Of the payments that the model alone would decline, those that are approved: more than 0, 1 at most. */
  readonly share: number;
  /** Whether this payment is among them. */
  isDrawn(paymentId: string): boolean;
}

/**
 * By a keyed hash of the payment's id: whoever has the secret draws the same again, so servers on one database agree and
 * a repeated attempt changes nothing, and nobody else can tell beforehand. Null where the share is 0.
 */
export function declineExploration(share: number, secret: Uint8Array): DeclineExploration | null {
  if (share === 0) return null;
  return { share, isDrawn: (paymentId) => uniformOf(paymentId, secret) < share };
}

const HASH_BYTES = 6;

/** From 0 to below 1, in steps of 2⁻⁴⁸. */
function uniformOf(paymentId: string, secret: Uint8Array): number {
  const hash = createHmac("sha256", secret).update(paymentId).digest();
  return hash.readUIntBE(0, HASH_BYTES) / 2 ** (8 * HASH_BYTES);
}
