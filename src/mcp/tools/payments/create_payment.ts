import { z } from "zod";
import { refuseCardNumber } from "../../../core/card_number.ts";
import { DomainError, showValue } from "../../../core/errors.ts";
import { WALLET_MERCHANT_ID } from "../../../core/wallet_merchant.ts";
import { currencyOf, parseAmount } from "../../../core/money.ts";
import { createPayment } from "../../../payments/create_payment.ts";
import { challengeQuestion, confirmationOf } from "../../challenge_question.ts";
import { defineTool } from "../../define_tool.ts";
import * as params from "../../params.ts";
import { paymentFields } from "./payment_output.ts";

export const createPaymentTool = defineTool({
  name: "create_payment",
  title: "Create a payment",
  description:
    "Charges a customer: screens the payment for fraud, routes it to a provider, charges, and books it in " +
    "the ledger. Answers with the final status, in_doubt when the provider's answer is unknown, or requires_action when " +
    "the customer has to pass a 3-D Secure challenge first: ask the customer, then repeat the call with confirm_token " +
    "and challenge_answer. A decline is an answer, not an error. Send an idempotency_key and repeat the same call after any failure. Do not use it to look " +
    "a payment up (get_payment_status) or to test whether one would be approved.",
  scope: "payments",
  input: z.strictObject({
    amount: params.amount,
    currency: params.currency,
    method: z.enum(["card", "wallet"]).describe(
      "card charges the payment method; wallet takes the customer's balance.",
    ),
    customer_id: params.customerId,
    idempotency_key: params.idempotencyKey.optional(),
    payment_method_id: params.paymentMethodId.optional(),
    merchant_id: params.merchantId.optional(),
    description: params.description.optional(),
    device_id: params.deviceId.optional(),
    ip_address: params.ipAddress.optional(),
    country: params.country.optional(),
    address_id: params.addressId.optional(),
    metadata: params.metadata.optional(),
    confirm_token: params.confirmToken.optional(),
    challenge_answer: params.challengeAnswer.optional(),
  }),
  output: z.object({
    ...paymentFields,
    replayed: z.boolean().describe("Whether an earlier call with this key made the payment."),
  }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  waiting: challengeQuestion(({ amount, currency, merchant_id }) =>
    `${amount} ${currency}, to ${merchant_id}`
  ),
  handle: async (input, { caller, payments, simulatedAtMs, dismissed }) => {
    const confirmation = confirmationOf(input, dismissed);
    if (input.merchant_id === WALLET_MERCHANT_ID) {
      throw new DomainError(
        "unknown_merchant",
        `Merchant "${WALLET_MERCHANT_ID}" takes nothing but top-ups.`,
        {
          field: "merchant_id",
          nextMove: "Use top_up_wallet, which credits the wallet as well.",
        },
      );
    }
    if (input.method === "wallet" && input.payment_method_id !== undefined) {
      throw new DomainError(
        "invalid_arguments",
        `A payment with method "wallet" takes the customer's balance, not ${
          showValue(input.payment_method_id)
        }.`,
        {
          field: "payment_method_id",
          nextMove: 'Leave payment_method_id out, or use method "card" to charge it.',
        },
      );
    }
    refuseCardNumber("description", input.description);
    for (const text of Object.entries(input.metadata ?? {}).flat()) refuseCardNumber("metadata", text);
    currencyOf(input.currency);
    const currency = input.currency as string;
    const { answer, replayed, timingsMs } = await createPayment(payments, {
      tenantId: caller.tenantId,
      principal: caller.principal,
      amountMinor: parseAmount(input.amount, currency),
      currency,
      method: input.method,
      customerId: input.customer_id,
      merchantId: input.merchant_id ?? null,
      paymentMethodId: input.payment_method_id ?? null,
      description: input.description ?? null,
      deviceId: input.device_id ?? null,
      ipAddress: input.ip_address ?? null,
      country: input.country ?? null,
      addressId: input.address_id ?? null,
      metadata: input.metadata ?? null,
      idempotencyKey: input.idempotency_key ?? null,
      confirmation,
      simulatedAtMs,
    });
    return { answer: { ...answer, replayed }, timingsMs };
  },
});
