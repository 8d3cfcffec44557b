import { z } from "zod";
import { CURRENCIES } from "../core/money.ts";

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

/** Left to parseAmount: which texts are amounts depends on the currency. */
export const amount = z.unknown().meta({
  type: ["number", "string"],
  description:
    'Major units, positive and exact: 100 or "100.00" for USD, at most as many decimals as the currency has ' +
    "(JPY none, KWD three). A string keeps every digit.",
  examples: ["100.00", 100],
});

/** Left to currencyOf, which knows the error's code. */
export const currency = z.unknown().meta({
  type: "string",
  enum: Object.keys(CURRENCIES),
  description: "ISO 4217 code in upper case.",
  examples: ["USD"],
});

export const customerId = id.meta({
  description: "The customer who pays; the default world has cust_123.",
  examples: ["cust_123"],
});
export const paymentId = id.meta({
  description: "The payment_id that create_payment answered.",
  examples: ["pay_01m83wkb84kbh7we4qc2mtnnyx"],
});
export const merchantId = id.meta({
  description: "Who is paid. Left out: the sandbox's default merchant.",
  examples: ["merch_default"],
});
export const paymentMethodId = id.meta({
  description:
    'Left out: the customer\'s own card; none with method wallet. Test methods order the outcome: "pm_card_visa" is approved, ' +
    '"pm_card_declined" and "pm_card_insufficient_funds" are declined, "pm_card_timeout" stays in doubt, ' +
    '"pm_card_charged_reply_lost" is charged although its reply is lost, "pm_card_3ds_challenge" asks for a challenge.',
  examples: ["pm_card_visa", "pm_card_declined"],
});
export const idempotencyKey = line(255).meta({
  description:
    "Makes a repeated call safe: the same key never pays twice and gets the first answer again. Keep it for retries.",
  examples: ["order-1042-attempt-1"],
});
export const description = line(500).meta({
  description: "Shown on the statement, and by get_payment_status. No card numbers.",
  examples: ["Order 1042"],
});
export const deviceId = id.meta({
  description: "The device the customer uses, for the fraud screen.",
  examples: ["dev_7f3a"],
});
export const addressId = id.meta({
  description: "Your name for the address that the goods go to, the same each time, for the fraud screen.",
  examples: ["addr_3c1f"],
});
export const ipAddress = z.string()
  .refine((text) => z.ipv4().safeParse(text).success || z.ipv6().safeParse(text).success, {
    error: "must be an IPv4 or IPv6 address",
  })
  .meta({
    description: "IPv4 or IPv6 address the customer comes from.",
    examples: ["203.0.113.7", "2001:db8::1"],
  });
export const country = z.string()
  .refine(isAssignedCountry, { error: "must be the ISO 3166 alpha-2 code of a country, such as US" })
  .meta({
    description: "Where the customer is now, ISO 3166 alpha-2. Left out: the customer's home country.",
    examples: ["US"],
  });

const REGION_NAMES = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
/** Codes with a name that no country has: unknown, made up for tests, or of a union. */
const NOT_COUNTRIES = new Set(["ZZ", "XA", "XB", "EU", "EZ", "UN", "QO"]);

/** Of a country that there is: "UK" and "AN" are old names of others. */
function isAssignedCountry(code: string): boolean {
  return /^[A-Z]{2}$/.test(code) && !NOT_COUNTRIES.has(code) && REGION_NAMES.of(code) !== undefined &&
    new Intl.Locale(`und-${code}`).region === code;
}

const METADATA_MAX_ENTRIES = 20;
export const metadata = z.record(line(40), line(500))
  .refine((entries) => Object.keys(entries).length <= METADATA_MAX_ENTRIES, {
    error: `must have at most ${METADATA_MAX_ENTRIES} entries`,
  })
  .meta({
    description: "Your own labels, texts by name; get_payment_status shows them. No card numbers.",
    maxProperties: METADATA_MAX_ENTRIES,
    examples: [{ order: "1042" }],
  });

export const walletId = id.meta({
  description: "wallet:<customer_id>:<currency>; get_wallet_balance lists a customer's.",
  examples: ["wallet:cust_123:USD"],
});
export const memo = line(200).meta({
  description: "Shown in both wallets' histories.",
  examples: ["Dinner on Friday"],
});
export const approvalToken = line(200).meta({
  description:
    "The approval_token of a pending_approval answer, once a person has approved; all else as in the first call.",
  examples: ["tr_01m83wkb84kbh7we4qc2mtnnyx.1767614400000.kFz0Y2nPq8u3VtqkYxX0bq2l5n8cQeWvJ1rT7uA9d4E"],
});
export const refundReason = line(200).meta({
  description:
    "changed_mind, not_as_described, not_received or duplicate; any other text counts as an average reason.",
  examples: ["changed_mind", "not_received"],
});
export const approved = z.boolean().meta({
  description: "With approval_token: false where the person said no, which ends it at once. Left out: true.",
  examples: [true, false],
});
export const confirmToken = line(200).meta({
  description:
    "The challenge.confirm_token of a requires_action answer, with challenge_answer; all else as in the first call.",
  examples: ["pay_01m83wkb84kbh7we4qc2mtnnyx.1767614400000.kFz0Y2nPq8u3VtqkYxX0bq2l5n8cQeWvJ1rT7uA9d4E"],
});
export const challengeAnswer = line(40).meta({
  description: "What the customer answered to the challenge; the simulated banks' code is 123456.",
  examples: ["123456"],
});
export const counterparty = id.meta({
  description:
    "Only entries with this merchant, customer or account: its id, or the counterparty of an entry.",
  examples: ["merchant:merch_default", "merch_default", "cust_000001"],
});
export const cursor = z.string().regex(/^[A-Za-z0-9_-]{1,600}$/, { error: "must be a next_cursor" }).meta({
  description: "The next_cursor of the last page, all other arguments unchanged.",
  examples: ["WzE3Njc2MTQ0MDAwMDAwMDAsInRyXzEiLCJhIl0"],
});

/** A day or a moment of the years 1970 to 2100. */
const INSTANT_EXPECTED = "must be a day such as 2026-01-05 or an RFC 3339 time, from 1970 to 2100";
export const instant = z.union([z.iso.date(), z.iso.datetime({ offset: true })], { error: INSTANT_EXPECTED })
  .refine((text) => Date.parse(text) >= 0 && Date.parse(text) < INSTANT_MAX_MS, {
    error: INSTANT_EXPECTED,
  })
  .meta({ examples: ["2026-01-05", "2026-01-05T12:00:00Z"] });
const INSTANT_MAX_MS = Date.UTC(2100, 0, 1);
const DAY_MS = 86_400_000;

/** As milliseconds; a day's end is the midnight after it. */
export function instantMs(text: string, edge: "start" | "end"): number {
  const isDay = !text.includes("T");
  return Date.parse(text) + (isDay && edge === "end" ? DAY_MS : 0);
}
