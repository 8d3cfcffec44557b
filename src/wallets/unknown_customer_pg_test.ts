import { expect } from "expect";
import { TENANT } from "../payments/testing/open_lab.ts";
import { getWalletBalance } from "./get_wallet_balance.ts";
import { openWalletLab } from "./testing/open_wallet_lab.ts";

Deno.test("who asks for an unknown customer is pointed at another only where the tenant has it", async () => {
  await using lab = await openWalletLab();
  const nextMoves = async (tenantId: string) => {
    const nextMoveOf = (work: Promise<unknown>) => work.then(() => "no error", (error) => error.nextMove);
    return await Promise.all([
      nextMoveOf(lab.lab.pay({ tenantId, customerId: "cust_nobody" })),
      nextMoveOf(getWalletBalance(lab.service, {
        tenantId,
        customerId: "cust_nobody",
        walletId: null,
        currency: null,
        simulatedAtMs: null,
      })),
    ]);
  };
  const plain = "Use an existing customer_id of this tenant.";
  const empty = 'The tenant "fresh" has no customers yet: fill it with deno task simulate --tenant fresh';
  expect(await nextMoves("fresh")).toEqual([empty, empty]);
  expect(await nextMoves(TENANT)).toEqual([plain, plain]);
  await lab.addCustomers(["cust_123"]);
  const pointed = 'Use an existing customer_id of this tenant, such as "cust_123".';
  expect(await nextMoves(TENANT)).toEqual([pointed, pointed]);
});
