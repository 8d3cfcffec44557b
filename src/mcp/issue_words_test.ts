import { expect } from "expect";
import { TOOL_BY_NAME } from "./catalog.ts";
import type { ToolContext } from "./define_tool.ts";

const GOOD = { amount: 1, currency: "USD", method: "card", customer_id: "cust_1" };

Deno.test("what is wrong with an argument is said in this product's words, not the validator's", async () => {
  const cases: [tool: string, change: Record<string, unknown>, message: string][] = [
    ["create_payment", { description: "" }, 'cannot take "" as description: must not be empty.'],
    ["create_payment", { method: "cash" }, 'cannot take "cash" as method: must be one of "card", "wallet".'],
    ["create_payment", { description: 5 }, "cannot take 5 as description: must be a text."],
    ["create_payment", { metadata: [] }, "cannot take [] as metadata: must be an object."],
    ["create_payment", { metadata: { a: 1 } }, "cannot take 1 as metadata.a: must be a text."],
    ["create_payment", { metadata: { "": "b" } }, 'cannot take "" as a name in metadata: must not be empty.'],
    ["create_payment", { challenge_answer: "x".repeat(41) }, "must have at most 40 characters."],
    ["create_payment", { customer_id: undefined }, "create_payment needs the argument customer_id."],
    ["wallet_transaction_history", { limit: 0 }, "cannot take 0 as limit: must be at least 1."],
    ["wallet_transaction_history", { limit: 201 }, "cannot take 201 as limit: must be at most 200."],
    ["wallet_transaction_history", { limit: 1.5 }, "cannot take 1.5 as limit: must be a whole number."],
    ["refund_payment", { approved: "yes" }, 'cannot take "yes" as approved: must be true or false.'],
  ];
  for (const [tool, change, message] of cases) {
    const good = tool === "create_payment"
      ? GOOD
      : tool === "refund_payment"
      ? { payment_id: "pay_1" }
      : { wallet_id: "wallet:cust_1:USD" };
    const call = Promise.resolve().then(() =>
      TOOL_BY_NAME.get(tool)!.call({ ...good, ...change }, {} as ToolContext)
    );
    await expect(call).rejects.toThrow(message);
  }
});

Deno.test("a payment by wallet takes no payment method, and no text a card number", async () => {
  const cases: [change: Record<string, unknown>, code: string, field: string][] = [
    [{ method: "wallet", payment_method_id: "pm_card_declined" }, "invalid_arguments", "payment_method_id"],
    [{ description: "card 4111111111111111 cvv 123" }, "card_number_in_text", "description"],
    [{ metadata: { card: "4111 1111 1111 1111" } }, "card_number_in_text", "metadata"],
    [{ metadata: { "4111111111111111": "card" } }, "card_number_in_text", "metadata"],
  ];
  for (const [change, code, field] of cases) {
    const call = TOOL_BY_NAME.get("create_payment")!.call(
      { ...GOOD, ...change },
      { dismissed: null } as ToolContext,
    );
    await expect(call).rejects.toMatchObject({ code, field });
  }
});
