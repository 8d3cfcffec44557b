import { z } from "zod";
import { DECLINE_CODES, type DeclineCode, REFUSAL_CODES, type RefusalCode } from "./decline_codes.ts";
import type { ChargeReply, ChargeRequest, ChargeStatement, RefundReply, RefundRequest } from "./provider.ts";

/** The providers' HTTP messages, one schema for both ends. Amounts are integers of minor units, below 2^53. */
const key = z.string().min(1).max(300);
const amountMinor = z.int().min(0);
const currency = z.string().regex(/^[A-Z]{3}$/);
const country = z.string().regex(/^[A-Z]{2}$/);

export const ChargeMessage = z.strictObject({
  key,
  charge_number: z.int().min(1).max(99),
  amount_minor: amountMinor.min(1),
  currency,
  payment_method_id: z.string().min(1).max(200),
  network: z.string().min(1).max(40),
  issuer_country: country,
  merchant_country: country,
  occurred_at_ms: z.int(),
  mandate_challenge: z.boolean().default(false),
});
export const KeyMessage = z.strictObject({ key });
export const ChallengeMessage = z.strictObject({ key, answer: z.string().max(200) });
export const RefundMessage = z.strictObject({
  key,
  charge_key: key,
  amount_minor: amountMinor.min(1),
  currency,
  payment_method_id: z.string().min(1).max(200).nullable().default(null),
});

/** Statements asked for at once, within what a body may hold. */
export const STATEMENTS_MAX = 100;
export const ChargeNamesMessage = z.strictObject({
  charges: z.array(z.strictObject({ provider: z.string().min(1).max(60), key })).max(STATEMENTS_MAX),
});

export const ReplyMessage = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("approved"),
    chargeId: z.string(),
    authentication: z.enum(["frictionless", "challenged"]).optional(),
  }),
  z.object({
    outcome: z.literal("declined"),
    code: z.enum(Object.keys(DECLINE_CODES) as [DeclineCode, ...DeclineCode[]]),
  }),
  z.object({
    outcome: z.literal("refused"),
    code: z.enum(Object.keys(REFUSAL_CODES) as [RefusalCode, ...RefusalCode[]]),
  }),
  z.object({ outcome: z.literal("voided") }),
  z.object({ outcome: z.literal("requires_action"), challengeId: z.string() }),
]) satisfies z.ZodType<ChargeReply>;

export const StatementMessage = z.object({
  reply: ReplyMessage,
  amount_minor: amountMinor,
  currency: z.string(),
  refunded_minor: amountMinor,
  created_at_ms: z.int(),
});

/** In the order they were asked for; null where a provider never finished a charge for the key. */
export const StatementsMessage = z.object({ statements: z.array(StatementMessage.nullable()) });

export const RefundReplyMessage = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("refunded"), refundId: z.string() }),
  z.object({
    outcome: z.literal("refused"),
    code: z.enum(["exceeds_charge", "no_such_charge", "other_currency"]),
  }),
]) satisfies z.ZodType<RefundReply>;

export function chargeMessage(request: ChargeRequest): z.infer<typeof ChargeMessage> {
  return {
    key: request.key,
    charge_number: request.chargeNumber,
    amount_minor: Number(request.amountMinor),
    currency: request.currency,
    payment_method_id: request.paymentMethodId,
    network: request.network,
    issuer_country: request.issuerCountry,
    merchant_country: request.merchantCountry,
    occurred_at_ms: request.occurredAtMs,
    mandate_challenge: request.mandateChallenge,
  };
}

export function chargeRequest(message: z.infer<typeof ChargeMessage>): ChargeRequest {
  return {
    key: message.key,
    chargeNumber: message.charge_number,
    amountMinor: BigInt(message.amount_minor),
    currency: message.currency,
    paymentMethodId: message.payment_method_id,
    network: message.network,
    issuerCountry: message.issuer_country,
    merchantCountry: message.merchant_country,
    occurredAtMs: message.occurred_at_ms,
    mandateChallenge: message.mandate_challenge,
  };
}

export function refundMessage(request: RefundRequest): z.infer<typeof RefundMessage> {
  const { key, chargeKey, amountMinor, currency, paymentMethodId } = request;
  return {
    key,
    charge_key: chargeKey,
    amount_minor: Number(amountMinor),
    currency,
    payment_method_id: paymentMethodId,
  };
}

export function refundRequest(message: z.infer<typeof RefundMessage>): RefundRequest {
  const { key, charge_key, amount_minor, currency, payment_method_id } = message;
  return {
    key,
    chargeKey: charge_key,
    amountMinor: BigInt(amount_minor),
    currency,
    paymentMethodId: payment_method_id,
  };
}

export function statementMessage(statement: ChargeStatement): z.infer<typeof StatementMessage> {
  return {
    reply: statement.reply,
    amount_minor: Number(statement.amountMinor),
    currency: statement.currency,
    refunded_minor: Number(statement.refundedMinor),
    created_at_ms: statement.createdAtMs,
  };
}

export function chargeStatement(message: z.infer<typeof StatementMessage>): ChargeStatement {
  return {
    reply: message.reply,
    amountMinor: BigInt(message.amount_minor),
    currency: message.currency,
    refundedMinor: BigInt(message.refunded_minor),
    createdAtMs: message.created_at_ms,
  };
}
