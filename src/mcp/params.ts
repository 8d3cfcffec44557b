import { z } from "zod";

/**
 * Arguments that several tools share. What passes here is safe to store: well-formed Unicode, no control
 * characters (PostgreSQL's text takes no NUL), bounded length.
 */
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function line(maxChars: number) {
  return z.string().min(1).max(maxChars)
    .refine((text) => text.isWellFormed() && !CONTROL.test(text), {
      error: "must be one line of well-formed text without control characters",
    });
}

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:|-]{0,127}$/, {
  error: "must be 1 to 128 of the characters A–Z a–z 0–9 _ . : | -, beginning with a letter or digit",
});

export const amount = z.unknown().meta({
  type: ["number", "string"],
  description:
    'Major units, positive and exact: 100 or "100.00" for USD, at most as many decimals as the currency has.',
  examples: ["100.00", 100],
});

export const currency = z.unknown().meta({
  type: "string",
  description: "ISO 4217 code in upper case.",
  examples: ["USD"],
});

export const customerId = id.describe('Who pays, for example "cust_123".');
export const paymentId = id.describe("The payment_id that create_payment answered.");
export const merchantId = id.describe("Who is paid. Left out: the sandbox's default merchant.");
export const paymentMethodId = id.describe(
  'Left out: the customer\'s own card. Test methods order the outcome: "pm_card_visa" is approved, ' +
    '"pm_card_declined" and "pm_card_insufficient_funds" are declined, "pm_card_timeout" stays in doubt, ' +
    '"pm_card_charged_reply_lost" is charged although its reply is lost.',
);
export const idempotencyKey = line(255).describe(
  "Makes a repeated call safe: the same key never pays twice and gets the first answer again. Keep it for retries.",
);
export const description = line(500).describe("Shown on the statement.");
export const deviceId = id.describe("The device the customer uses, for the fraud screen.");
export const ipAddress = z.union([z.ipv4(), z.ipv6()]).describe("Where the request comes from.");
export const country = z.string().regex(/^[A-Z]{2}$/, {
  error: "must be an ISO 3166 alpha-2 code such as US",
})
  .describe("Where the customer is now. Left out: the customer's home country.");

const METADATA_MAX_ENTRIES = 20;
export const metadata = z.record(line(40), line(500))
  .refine((entries) => Object.keys(entries).length <= METADATA_MAX_ENTRIES, {
    error: `must have at most ${METADATA_MAX_ENTRIES} entries`,
  })
  .describe("Your own labels, texts by name.");
