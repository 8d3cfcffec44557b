import { assert } from "../../core/assert.ts";
import type { ApprovalWays } from "../../core/approval_ways.ts";
import { ManualClock } from "../../core/clock.ts";
import { RandomIds } from "../../core/ids.ts";
import { Random } from "../../core/random.ts";
import { openPool, type Sql } from "../../db/pool.ts";
import { type FreshDatabase, freshDatabase } from "../../db/testing/fresh_database.ts";
import type { FraudModelPort } from "../../fraud/screen_payment.ts";
import { type Account, accountOf } from "../../ledger/accounts.ts";
import { checkLedger } from "../../ledger/check_ledger.ts";
import { openAccounts, post } from "../../ledger/transfers.ts";
import { openPaymentStack, type PaymentStack } from "../../payment_stack.ts";
import type { ChargeRecord } from "../../providers/charge_log.ts";
import type { PinnedBook } from "../../providers/pinned_book.ts";
import { chargeFactsOf, chargeRequestOf } from "../charge_facts.ts";
import { requestHashOf } from "../accept_payments.ts";
import { completeOpenPayments } from "../complete_open_payments.ts";
import { type CreatedPayment, createPayment } from "../create_payment.ts";
import type { PaymentEvents, PaymentService } from "../payment_service.ts";
import { paymentOfKey, type PaymentRequest } from "../payment.ts";

export const TENANT = "lab";
export const START_MS = Date.UTC(2026, 0, 5, 12);

/** A model that says what the test wants; everything is harmless unless it says otherwise. */
export function modelOf(riskScore: (vector: Float64Array) => number = () => 5): FraudModelPort {
  return {
    modelVersion: "lab-model",
    score: (vector) => ({ probability: riskScore(vector) / 100, riskScore: riskScore(vector) }),
    explain: (vector, top) => [{ feature: "amount_ln", value: vector[0], effect: 0.5 }].slice(0, top),
  };
}

export interface LabOptions {
  readonly model?: FraudModelPort;
  /** Long by default, so that a slow machine is not taken for a silent provider. */
  readonly providerTimeoutMs?: number;
  readonly failover?: boolean;
  /** Off unless asked for. */
  readonly stepUpAt?: number;
  /** None unless asked for. */
  readonly exploreDeclines?: number;
  readonly onExplored?: PaymentEvents["explored"];
  /** By the call's token alone unless told otherwise. */
  readonly approvals?: ApprovalWays;
  /** Providers in another process; in this one when left out. */
  readonly providersUrl?: string;
  /** Whose charges are meant there; any when left out. */
  readonly providersBook?: PinnedBook;
}

/**
 * The payments domain on a database of its own, with a few customers. Providers answer at once; the clock stands
 * still until it is told to advance.
 *
 *     await using lab = await openLab();
 *     const { answer } = await lab.pay({ amountMinor: 1_000n });
 *
 * Customers: `cust_ann` (US, Visa `pm_ann`), `cust_ben` (DE, Mastercard `pm_ben`), `cust_nocard`. Merchants: the
 * default one (US) and `merch_de`.
 */
export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const database = await freshDatabase();
  const dataDirectory = await Deno.makeTempDir({ prefix: "mcp-payments-lab-" });
  const owner = openPool({ url: database.ownerUrl, max: 2, applicationName: "lab owner" });
  const clock = new ManualClock(START_MS);
  const lab = new Lab(database, dataDirectory, owner, clock, options);
  await owner.unsafe(PEOPLE).simple();
  await lab.openService();
  return lab;
}

export class Lab implements AsyncDisposable {
  /** The first service and its connections. */
  stack!: PaymentStack;
  readonly #stacks: PaymentStack[] = [];

  constructor(
    readonly database: FreshDatabase,
    readonly dataDirectory: string,
    readonly owner: Sql,
    readonly clock: ManualClock,
    readonly options: LabOptions,
  ) {}

  get service(): PaymentService {
    return this.stack.payments;
  }

  /** One more service on the same database and providers, as another server's process has it. */
  async openService(
    model: FraudModelPort = this.options.model ?? modelOf(),
    url = this.database.appUrl,
  ): Promise<PaymentService> {
    const stack = await openPaymentStack({
      config: {
        dataDirectory: this.dataDirectory,
        poolSize: 4,
        providerTimeoutMs: this.options.providerTimeoutMs ?? 30_000,
        providerLatencyScale: 0,
        providersUrl: this.options.providersUrl ?? null,
        failover: this.options.failover ?? true,
        stepUpAt: this.options.stepUpAt ?? null,
        exploreDeclines: this.options.exploreDeclines ?? 0,
      },
      database: { pool: { url } },
      providersBook: this.options.providersBook,
      clock: this.clock,
      ids: new RandomIds(() => this.clock.nowMs()),
      model,
      random: new Random(this.#stacks.length),
      approvals: this.options.approvals,
      events: {
        stage: () => {},
        outcome: () => {},
        batch: () => {},
        explored: this.options.onExplored ?? (() => {}),
      },
    });
    this.#stacks.push(stack);
    this.stack ??= stack;
    return stack.payments;
  }

  /** Ends one service before the others. */
  async endService(service: PaymentService): Promise<void> {
    const at = this.#stacks.findIndex(({ payments }) => payments === service);
    await this.#stacks.splice(at, 1)[0].end();
  }

  /** 10.00 USD of `cust_ann` by `pm_card_visa` to the default merchant, unless told otherwise. */
  pay(asked: Partial<PaymentRequest> = {}, service: PaymentService = this.service): Promise<CreatedPayment> {
    return createPayment(service, requestOf(asked));
  }

  /**
   * A payment as a crash leaves it: after transaction 1, or, with `charged`, after the provider's charge and before
   * transaction 2.
   */
  async crashedPayment(asked: Partial<PaymentRequest> = {}, charged = false): Promise<string> {
    const request = requestOf(asked);
    const { service } = this;
    const references = await service.references.of(request);
    await service.routing.of(request.tenantId);
    const paymentId = service.ids.next("pay");
    const accepted = await service.accept({
      request,
      references,
      requestHash: requestHashOf(request),
      paymentId,
      submittedMs: service.clock.monotonicMs(),
    });
    assert(accepted.kind === "accepted", `The payment was not accepted but ${accepted.kind}`);
    const { route } = accepted.payment;
    if (charged && route !== null) {
      const facts = chargeFactsOf(
        {
          ...request,
          paymentId,
          occurredAtMs: accepted.payment.occurredAtMs,
          riskDecision: accepted.payment.risk.decision,
        },
        references,
      );
      await service.provider(route.provider).charge(
        chargeRequestOf(facts, 1),
        service.settings.providerTimeoutMs,
      );
    }
    return paymentId;
  }

  /** Runs the completer, time passing, until nothing is open. */
  async completeAll(service: PaymentService = this.service): Promise<void> {
    for (let round = 0; round < 50; round++) {
      this.clock.advance(60_000);
      await completeOpenPayments(service);
      const [{ open }] = await this.owner<
        { open: number }[]
      >`select count(*)::int as open from open_payments`;
      if (open === 0) return;
    }
    throw new Error("Payments are still open after 50 rounds of the completer");
  }

  /** Puts money from outside into a customer's wallet. */
  async fundWallet(customerId: string, amountMinor: bigint, currency = "USD"): Promise<Account> {
    const wallet = accountOf("wallet", customerId, currency);
    const bank = accountOf("external", "bank", currency);
    await this.stack.pool.of(TENANT).begin(async (transaction) => {
      await openAccounts(transaction, TENANT, [wallet, bank]);
      await post(transaction, {
        tenantId: TENANT,
        transferId: `tr_funding_${crypto.randomUUID()}`,
        postings: [{ account: bank, amountMinor: -amountMinor }, { account: wallet, amountMinor }],
        atMs: this.clock.nowMs(),
      });
    });
    return wallet;
  }

  async balanceOf(account: Account): Promise<{ balance: bigint; held: bigint }> {
    const [row] = await this.owner<{ balance: string; held: string }[]>`
      select balance_minor::text as balance, held_minor::text as held from accounts
       where tenant_id = ${TENANT} and account_id = ${account.accountId}`;
    return { balance: BigInt(row.balance), held: BigInt(row.held) };
  }

  /** The providers' own records, of one payment or of all. */
  charges(paymentId?: string): ChargeRecord[] {
    const all = [...this.stack.simulated!.log.all()];
    return paymentId === undefined
      ? all
      : all.filter(({ key }) => paymentOfKey(key)?.paymentId === paymentId);
  }

  async count(
    table:
      | "payments"
      | "payment_attempts"
      | "idempotency_keys"
      | "open_payments"
      | "holds"
      | "payment_labels"
      | "refunds",
  ): Promise<number> {
    const [{ count }] = await this.owner<{ count: number }[]>`
      select count(*)::int as count from ${this.owner(table)}`;
    return count;
  }

  /** The names of broken ledger invariants, each with its first example. */
  async brokenInvariants(): Promise<string[]> {
    const results = await checkLedger(this.owner);
    return results.filter(({ violations }) => violations > 0)
      .map(({ name, examples }) => `${name}: ${examples[0]}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#stacks.map((stack) => stack.end()));
    await this.owner.end();
    await this.database.drop();
    await Deno.remove(this.dataDirectory, { recursive: true });
  }
}

export function requestOf(asked: Partial<PaymentRequest> = {}): PaymentRequest {
  return {
    tenantId: TENANT,
    principal: "tester",
    amountMinor: 1_000n,
    currency: "USD",
    method: "card",
    customerId: "cust_ann",
    merchantId: null,
    paymentMethodId: asked.method === "wallet" ? null : "pm_card_visa",
    description: null,
    deviceId: null,
    ipAddress: null,
    country: null,
    addressId: null,
    metadata: null,
    idempotencyKey: null,
    confirmation: null,
    simulatedAtMs: null,
    ...asked,
  };
}

const PEOPLE = `
  insert into tenants (tenant_id) values ('${TENANT}'), ('other');
  insert into customers (tenant_id, customer_id, name, email, country, currency, default_payment_method_id, since_ms) values
    ('${TENANT}', 'cust_ann', 'Ann', 'ann@example.test', 'US', 'USD', 'pm_ann', ${START_MS - 86_400_000}),
    ('${TENANT}', 'cust_ben', 'Ben', 'ben@example.test', 'DE', 'EUR', 'pm_ben', ${START_MS - 86_400_000}),
    ('${TENANT}', 'cust_nocard', 'Cleo', 'cleo@example.test', 'US', 'USD', null, ${START_MS - 86_400_000}),
    ('other', 'cust_other', 'Otto', 'otto@example.test', 'US', 'USD', null, ${START_MS});
  insert into merchants (tenant_id, merchant_id, name, category, country, currency) values
    ('${TENANT}', 'merch_default', 'Sandbox Shop', 'general', 'US', 'USD'),
    ('${TENANT}', 'merch_de', 'Laden', 'grocery', 'DE', 'EUR'),
    ('other', 'merch_default', 'Sandbox Shop', 'general', 'US', 'USD'),
    ('other', 'merch_other', 'Other Shop', 'general', 'US', 'USD');
  insert into payment_methods (tenant_id, payment_method_id, customer_id, network, issuer, issuer_country, last4) values
    ('${TENANT}', 'pm_ann', 'cust_ann', 'visa', 'bank_a', 'US', '1111'),
    ('${TENANT}', 'pm_ben', 'cust_ben', 'mastercard', 'bank_b', 'DE', '2222');
`;
