import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";

/** `t=<Unix seconds>,v1=<HMAC-SHA256 in hex>` of `<t>.<body>`: a body cannot be changed, nor an old one sent again. */
export const SIGNATURE_HEADER = "x-provider-signature";

/** Older or further in the future than this is refused: what a clock may be off, and a delivery take. */
export const WEBHOOK_MAX_AGE_MS = 300_000;

export function signWebhook(secret: string, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  return `t=${seconds},v1=${digest(secret, seconds, body).toString("hex")}`;
}

/** Null when the header proves that a holder of the secret sent this body just now; otherwise what is wrong. */
export function webhookFault(
  secret: string,
  header: string | null,
  body: string,
  nowMs: number,
): "signature_missing" | "signature_malformed" | "signature_wrong" | "webhook_too_old" | null {
  if (header === null) return "signature_missing";
  const match = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header);
  if (match === null) return "signature_malformed";
  const seconds = Number(match[1]);
  // Who cannot sign does not learn what the clock says: the signature comes first.
  if (!timingSafeEqual(digest(secret, seconds, body), Buffer.from(match[2], "hex"))) return "signature_wrong";
  return Math.abs(nowMs - seconds * 1000) > WEBHOOK_MAX_AGE_MS ? "webhook_too_old" : null;
}

function digest(secret: string, seconds: number, body: string): Buffer {
  return createHmac("sha256", secret).update(`${seconds}.${body}`).digest();
}
