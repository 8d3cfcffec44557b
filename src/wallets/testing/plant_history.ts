import { setLocalTenants } from "../../db/tenant_scope.ts";
import { accountOf } from "../../ledger/accounts.ts";
import { openAccounts, post } from "../../ledger/transfers.ts";
import { TENANT } from "../../payments/testing/open_lab.ts";
import { DAY_MS } from "../risk/past.ts";
import type { WalletLab } from "./open_wallet_lab.ts";

export interface PlantedPayment {
  /** Days before the lab's present. */
  readonly daysAgo: number;
  readonly amountMinor: bigint;
  readonly merchantId: string;
}

/** Wallet payments of Ann's that were made and booked in the past, as the payments domain leaves them. */
export async function plantPayments(lab: WalletLab, planted: readonly PlantedPayment[]): Promise<void> {
  const wallet = accountOf("wallet", "cust_ann", "USD");
  const nowMs = lab.lab.clock.nowMs();
  await lab.lab.owner.begin(async (sql) => {
    await sql.unsafe(setLocalTenants(TENANT));
    for (const [i, { daysAgo, amountMinor, merchantId }] of planted.entries()) {
      const shop = accountOf("merchant", merchantId, "USD");
      const atMs = Math.round(nowMs - daysAgo * DAY_MS);
      const [transferId, paymentId] = [`tr_planted_${i}`, `pay_planted_${i}`];
      await openAccounts(sql, TENANT, [wallet, shop]);
      await sql`
        insert into payments (tenant_id, payment_id, status, method, currency, amount_minor, captured_minor, customer_id,
               merchant_id, principal, country, occurred_at_ms, created_at, finished_at)
        values (${TENANT}, ${paymentId}, 'succeeded', 'wallet', 'USD', ${amountMinor.toString()}, ${amountMinor.toString()},
                'cust_ann', ${merchantId}, 'simulation', 'US', ${atMs}, ${new Date(atMs)}, ${new Date(
        atMs,
      )})`;
      await post(sql, {
        tenantId: TENANT,
        transferId,
        atMs,
        postings: [{ account: wallet, amountMinor: -amountMinor }, { account: shop, amountMinor }],
      });
      await sql`update transfers set payment_id = ${paymentId} where tenant_id = ${TENANT} and transfer_id = ${transferId}`;
    }
  });
}
