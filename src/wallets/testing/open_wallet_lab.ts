import { RandomIds } from "../../core/ids.ts";
import { accountOf } from "../../ledger/accounts.ts";
import type { PaymentService } from "../../payments/payment_service.ts";
import { type Lab, type LabOptions, openLab, TENANT } from "../../payments/testing/open_lab.ts";
import { openWalletStack } from "../../wallet_stack.ts";
import type { TransferRequest } from "../transfer.ts";
import { transferFunds, type TransferredFunds } from "../transfer_funds.ts";
import type { WalletService } from "../wallet_service.ts";

/**
 * The wallets domain over the payments' lab, with its customers. The clock stands still until it is told to advance.
 *
 *     await using lab = await openWalletLab();
 *     await lab.fund("cust_ann", 10_000n);
 *     const { answer } = await lab.transfer({ amountMinor: 1_000n });
 */
export class WalletLab implements AsyncDisposable {
  readonly #services: WalletService[] = [];
  readonly #payments: PaymentService[] = [];

  constructor(readonly lab: Lab) {}

  get service(): WalletService {
    return this.#services[0];
  }

  /** The wallets, and the payments, of one of the servers, the first being 0. */
  wallets(server: number): WalletService {
    return this.#services[server];
  }
  payments(server: number): PaymentService {
    return this.#payments[server];
  }

  /** One more server on the same database. */
  async openService(url = this.lab.database.appUrl): Promise<WalletService> {
    const { lab } = this;
    const payments = this.#services.length === 0 ? lab.service : await lab.openService();
    const service = await openWalletStack({
      database: { pool: { url } },
      stack: { pool: payments.pool, payments },
      clock: lab.clock,
      ids: new RandomIds(() => lab.clock.nowMs()),
      approvals: lab.options.approvals,
      events: { batch: () => {} },
    });
    this.#services.push(service);
    this.#payments.push(payments);
    return service;
  }

  fund(customerId: string, amountMinor: bigint, currency = "USD") {
    return this.lab.fundWallet(customerId, amountMinor, currency);
  }

  /** More people, with an empty wallet each. */
  async addCustomers(ids: readonly string[]): Promise<void> {
    await this.lab.owner`
      insert into customers (tenant_id, customer_id, name, email, country, currency, since_ms)
      select ${TENANT}, id, id, id || '@example.test', 'US', 'USD', 0 from unnest(${ids as string[]}::text[]) id`;
  }

  /** 10.00 USD from Ann to Ben, unless told otherwise. */
  transfer(asked: Partial<TransferRequest> = {}, service = this.service): Promise<TransferredFunds> {
    return transferFunds(service, transferOf(asked));
  }

  balanceOf(customerId: string, currency = "USD") {
    return this.lab.balanceOf(accountOf("wallet", customerId, currency));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#services.map((service) => service.end()));
    await this.lab[Symbol.asyncDispose]();
  }
}

export async function openWalletLab(options: LabOptions = {}): Promise<WalletLab> {
  const lab = new WalletLab(await openLab(options));
  await lab.openService();
  return lab;
}

export function transferOf(asked: Partial<TransferRequest> = {}): TransferRequest {
  return {
    tenantId: TENANT,
    principal: "tester",
    fromWalletId: "wallet:cust_ann:USD",
    toWalletId: "wallet:cust_ben:USD",
    amountMinor: 1_000n,
    currency: "USD",
    memo: null,
    idempotencyKey: null,
    approvalToken: null,
    approved: true,
    simulatedAtMs: null,
    ...asked,
  };
}
