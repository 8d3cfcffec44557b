import { expect } from "expect";
import { bearer, callTool, SECRET, serveLab } from "../http/testing/serve_lab.ts";
import { accountOf } from "../ledger/accounts.ts";
import { openAccounts, post } from "../ledger/transfers.ts";
import { TOOLS } from "./catalog.ts";

const STRANGER = "other";
/** Named by their owner alone: there is no such thing to find. */
const FREE_NAMES = new Set(["device_id", "address_id"]);

Deno.test("another tenant's ids look exactly like unknown ones, in every argument of every tool", async (t) => {
  await using served = await serveLab({ config: { jwtSecretKey: SECRET } });
  const { lab } = served;
  const { answer: theirs } = await lab.pay();
  await lab.fundWallet("cust_ann", 10_000n);
  await lab.stack.pool.of(STRANGER).begin(async (sql) => {
    const [bank, wallet] = [accountOf("external", "bank", "USD"), accountOf("wallet", "cust_other", "USD")];
    await openAccounts(sql, STRANGER, [bank, wallet]);
    const postings = [{ account: bank, amountMinor: -5_000n }, { account: wallet, amountMinor: 5_000n }];
    await post(sql, { tenantId: STRANGER, transferId: "tr_funding", atMs: lab.clock.nowMs(), postings });
  });

  const pay = { amount: "10.00", currency: "USD", method: "card", customer_id: "cust_other" };
  const byVisa = { ...pay, payment_method_id: "pm_card_visa" };
  const own = "wallet:cust_other:USD";
  const move = {
    from_wallet_id: own,
    to_wallet_id: "merchant:merch_default:USD",
    amount: "1.00",
    currency: "USD",
  };
  const fill = { wallet_id: own, amount: "10.00", currency: "USD", payment_method_id: "pm_card_visa" };
  const payment = [
    theirs.payment_id,
    `${theirs.payment_id.slice(0, -1)}${theirs.payment_id.endsWith("0") ? 1 : 0}`,
  ];
  const wallet = ["wallet:cust_ann:USD", "wallet:cust_nobody:USD"];
  const cases: [tool: string, argument: string, rest: Record<string, unknown>, ids: string[]][] = [
    // tool              argument             the call otherwise   theirs, and one that nobody has
    ["create_payment", "customer_id", byVisa, ["cust_ann", "cust_nobody"]],
    ["create_payment", "merchant_id", byVisa, ["merch_de", "merch_nobody"]],
    ["create_payment", "payment_method_id", pay, ["pm_ann", "pm_nobody"]],
    ["verify_payment", "payment_id", {}, payment],
    ["refund_payment", "payment_id", {}, payment],
    ["get_payment_status", "payment_id", {}, payment],
    ["get_wallet_balance", "customer_id", {}, ["cust_ann", "cust_nobody"]],
    ["get_wallet_balance", "wallet_id", {}, wallet],
    ["transfer_funds", "from_wallet_id", move, wallet],
    ["transfer_funds", "to_wallet_id", move, wallet],
    ["transfer_funds", "to_wallet_id", move, ["merchant:merch_de:EUR", "merchant:merch_nobody:EUR"]],
    ["wallet_transaction_history", "wallet_id", {}, wallet],
    ["top_up_wallet", "wallet_id", fill, wallet],
    ["top_up_wallet", "payment_method_id", fill, ["pm_ann", "pm_nobody"]],
  ];
  const covered = new Set(cases.map(([tool, argument]) => `${tool} ${argument}`));
  const named = TOOLS.flatMap(({ name, listing }) =>
    Object.keys(listing.inputSchema.properties as object)
      .filter((argument) => argument.endsWith("_id") && !FREE_NAMES.has(argument))
      .map((argument) => `${name} ${argument}`)
  );
  expect([...covered].sort()).toEqual(named.sort());

  const scopes = ["payments", "wallets"] as const;
  const stranger = await bearer({ tenantId: STRANGER, scopes });
  const owner = await bearer({ scopes });
  const before = await lab.count("payments");
  for (const [tool, argument, rest, [theirId, unknownId]] of cases) {
    await t.step(`${tool} ${argument} ${theirId.split(/[_:]/)[0]}`, async () => {
      const [asTheirs, asUnknown] = await Promise.all([theirId, unknownId].map(async (id) => {
        const result = await callTool(served.url, tool, { ...rest, [argument]: id }, stranger);
        expect(result.isError).toBe(true);
        return JSON.stringify(result).replaceAll(id, "ID").replaceAll(id.split(":")[1] ?? id, "ID");
      }));
      expect(asTheirs).toBe(asUnknown);
      expect(asTheirs).toMatch(/unknown_(payment|customer|merchant|payment_method|wallet)/);
    });
  }
  expect(await lab.count("payments")).toBe(before);
  expect(served.log).toEqual([]);
  // The same ids, from their own tenant, are found.
  for (
    const [tool, args] of [
      ["get_payment_status", { payment_id: theirs.payment_id }],
      ["get_wallet_balance", { wallet_id: wallet[0] }],
    ] as const
  ) {
    expect((await callTool(served.url, tool, args, owner)).isError).toBeUndefined();
  }
});

Deno.test("two tenants use the same keys and names at once and each gets its own answers", async () => {
  await using served = await serveLab({ config: { jwtSecretKey: SECRET } });
  await served.lab.owner`
    insert into customers (tenant_id, customer_id, name, email, country, currency, since_ms)
    values (${STRANGER}, 'cust_ann', 'Another Ann', 'ann@other.test', 'US', 'USD', 0)`;
  const tenants = await Promise.all(["lab", STRANGER].map((tenantId) => bearer({ tenantId })));
  const args = {
    currency: "USD",
    method: "card",
    customer_id: "cust_ann",
    payment_method_id: "pm_card_visa",
  };
  const pay = () =>
    Promise.all(tenants.map(async (headers, i) => {
      const call = { ...args, amount: `${i + 1}0.00`, idempotency_key: "order-1" };
      const { structuredContent } = await callTool(served.url, "create_payment", call, headers);
      return structuredContent as { payment_id: string; amount: string; replayed: boolean };
    }));
  const first = await pay();
  expect(first.map(({ amount, replayed }) => ({ amount, replayed }))).toEqual([
    { amount: "10.00", replayed: false },
    { amount: "20.00", replayed: false },
  ]);
  const again = await pay();
  expect(again.map(({ payment_id, replayed }) => ({ payment_id, replayed }))).toEqual(
    first.map(({ payment_id }) => ({ payment_id, replayed: true })),
  );
});
