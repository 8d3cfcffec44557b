import { DomainError } from "../core/errors.ts";
import type { BatchConnection } from "../db/batch_transaction.ts";
import { textArray } from "../db/array_literal.ts";
import { testPaymentMethod } from "../providers/test_payment_methods.ts";
import type { PaymentRequest } from "./payment.ts";

export interface Customer {
  readonly customerId: string;
  readonly country: string;
  readonly currency: string;
  readonly defaultPaymentMethodId: string | null;
  readonly sinceMs: number;
}

export interface Merchant {
  readonly merchantId: string;
  readonly category: string;
  readonly country: string;
}

export interface PaymentMethod {
  readonly paymentMethodId: string;
  readonly customerId: string | null;
  readonly network: string;
  readonly issuerCountry: string;
  readonly isTest: boolean;
}

/** Whom and what a payment names, found. */
export interface PaymentReferences {
  readonly customer: Customer;
  readonly merchant: Merchant;
  /** Null when a wallet pays. */
  readonly paymentMethod: PaymentMethod | null;
}

/** What is looked at of a request. */
type Named = Pick<
  PaymentRequest,
  "tenantId" | "customerId" | "merchantId" | "method" | "paymentMethodId" | "mayChallenge"
>;

/** The merchant of a payment that names none; every tenant has it. */
export const DEFAULT_MERCHANT_ID = "merch_default";
const CACHE_MAX_ENTRIES = 200_000;

/**
 * Finds customers, merchants and payment methods. Rows of these tables never change once written, so what was
 * found is remembered; what was not found is asked for again each time.
 */
export class References {
  readonly #connection: BatchConnection;
  readonly #customers: Lookup<Customer>;
  readonly #merchants: Lookup<Merchant>;
  readonly #paymentMethods: Lookup<PaymentMethod>;

  /** @param connection on which look-ups of one moment travel together */
  constructor(connection: BatchConnection) {
    this.#connection = connection;
    this.#customers = new Lookup((tenants, ids) => this.#loadCustomers(tenants, ids));
    this.#merchants = new Lookup((tenants, ids) => this.#loadMerchants(tenants, ids));
    this.#paymentMethods = new Lookup((tenants, ids) => this.#loadPaymentMethods(tenants, ids));
  }

  /**
   * Throws, in this order: `unknown_customer`, `unknown_merchant`, `unknown_payment_method`. Another tenant's id,
   * and another customer's payment method, look exactly like unknown ones.
   */
  async of(request: Named): Promise<PaymentReferences> {
    const { tenantId, customerId } = request;
    const merchantId = request.merchantId ?? DEFAULT_MERCHANT_ID;
    const { paymentMethodId } = request;
    const [customer, merchant] = await Promise.all([
      this.#customers.find(tenantId, customerId),
      this.#merchants.find(tenantId, merchantId),
      // Only asked for here, so that it comes by the same round trip; judged below.
      paymentMethodId !== null && testPaymentMethod(paymentMethodId) === undefined
        ? this.#paymentMethods.find(tenantId, paymentMethodId)
        : undefined,
    ]);
    if (customer === undefined) {
      throw new DomainError("unknown_customer", `There is no customer "${customerId}".`, {
        field: "customer_id",
        nextMove: 'Use an existing customer_id; the default world has "cust_123".',
      });
    }
    if (merchant === undefined) {
      throw new DomainError("unknown_merchant", `There is no merchant "${merchantId}".`, {
        field: "merchant_id",
        nextMove: "Leave merchant_id out to pay the sandbox's default merchant, or use an existing one.",
      });
    }
    if (request.method === "wallet") return { customer, merchant, paymentMethod: null };
    const paymentMethod = await this.#paymentMethod(customer, request);
    return { customer, merchant, paymentMethod };
  }

  async #paymentMethod(
    customer: Customer,
    { tenantId, paymentMethodId: asked, mayChallenge }: Named,
  ): Promise<PaymentMethod> {
    const paymentMethodId = asked ?? customer.defaultPaymentMethodId;
    if (paymentMethodId !== null) {
      const test = testPaymentMethod(paymentMethodId);
      if (test?.effect.kind === "challenge" && !mayChallenge) {
        throw new DomainError(
          "unknown_payment_method",
          `Payment method "${paymentMethodId}" asks the customer for a challenge, which this tool cannot pass on.`,
          {
            field: "payment_method_id",
            nextMove: 'Use "pm_card_3ds_frictionless", another test method, or create_payment.',
          },
        );
      }
      if (test !== undefined) {
        return {
          paymentMethodId,
          customerId: null,
          network: test.network,
          issuerCountry: customer.country,
          isTest: true,
        };
      }
      const found = await this.#paymentMethods.find(tenantId, paymentMethodId);
      if (found !== undefined && found.customerId === customer.customerId) return found;
    }
    throw new DomainError(
      "unknown_payment_method",
      paymentMethodId === null
        ? `Customer "${customer.customerId}" has no card on file.`
        : `Customer "${customer.customerId}" has no payment method "${paymentMethodId}".`,
      {
        field: "payment_method_id",
        nextMove:
          'Leave it out to use the customer\'s own card, or use a test method such as "pm_card_visa".',
      },
    );
  }

  async #loadCustomers(tenants: string[], ids: string[]): Promise<[string, Customer][]> {
    const reader = this.#connection.reader(tenants);
    const rows = await reader.send(reader.sql<(Customer & { tenantId: string })[]>`
      select c.tenant_id as "tenantId", c.customer_id as "customerId", c.country, c.currency,
             c.default_payment_method_id as "defaultPaymentMethodId", c.since_ms::float8 as "sinceMs"
        from unnest(${textArray(tenants)}::text[], ${textArray(ids)}::text[]) u (tenant_id, customer_id)
        join customers c using (tenant_id, customer_id)`);
    return rows.map((row) => [cacheKey(row.tenantId, row.customerId), row]);
  }

  async #loadMerchants(tenants: string[], ids: string[]): Promise<[string, Merchant][]> {
    const reader = this.#connection.reader(tenants);
    const rows = await reader.send(reader.sql<(Merchant & { tenantId: string })[]>`
      select m.tenant_id as "tenantId", m.merchant_id as "merchantId", m.category, m.country
        from unnest(${textArray(tenants)}::text[], ${textArray(ids)}::text[]) u (tenant_id, merchant_id)
        join merchants m using (tenant_id, merchant_id)`);
    return rows.map((row) => [cacheKey(row.tenantId, row.merchantId), row]);
  }

  async #loadPaymentMethods(tenants: string[], ids: string[]): Promise<[string, PaymentMethod][]> {
    const reader = this.#connection.reader(tenants);
    const rows = await reader.send(reader.sql<(PaymentMethod & { tenantId: string })[]>`
      select p.tenant_id as "tenantId", p.payment_method_id as "paymentMethodId", p.customer_id as "customerId",
             p.network, p.issuer_country as "issuerCountry", false as "isTest"
        from unnest(${textArray(tenants)}::text[], ${textArray(ids)}::text[]) u (tenant_id, payment_method_id)
        join payment_methods p using (tenant_id, payment_method_id)`);
    return rows.map((row) => [cacheKey(row.tenantId, row.paymentMethodId), row]);
  }
}

/** A bounded memory of found rows over a loader that fetches all keys of one turn of the event loop at once. */
class Lookup<Value> {
  readonly #load: (tenants: string[], ids: string[]) => Promise<[string, Value][]>;
  readonly #found = new Map<string, Value>();
  #next: { tenants: string[]; ids: string[]; rows: Promise<Map<string, Value>> } | undefined;

  constructor(load: (tenants: string[], ids: string[]) => Promise<[string, Value][]>) {
    this.#load = load;
  }

  find(tenantId: string, id: string): Value | undefined | Promise<Value | undefined> {
    const key = cacheKey(tenantId, id);
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    if (this.#next === undefined) {
      const tenants: string[] = [];
      const ids: string[] = [];
      const rows = Promise.resolve().then(() => {
        this.#next = undefined;
        return this.#load(tenants, ids);
      }).then((entries) => {
        for (const [entryKey, value] of entries) {
          if (this.#found.size >= CACHE_MAX_ENTRIES) this.#found.delete(this.#found.keys().next().value!);
          this.#found.set(entryKey, value);
        }
        return new Map(entries);
      });
      this.#next = { tenants, ids, rows };
    }
    this.#next.tenants.push(tenantId);
    this.#next.ids.push(id);
    return this.#next.rows.then((rows) => rows.get(key));
  }
}

function cacheKey(tenantId: string, id: string): string {
  return `${tenantId}/${id}`;
}

/** The card as the fraud features know it: a test method is everybody's, so it counts per customer. */
export function cardIdOf(customerId: string, paymentMethodId: string): string {
  return testPaymentMethod(paymentMethodId) === undefined
    ? paymentMethodId
    : `${customerId}|${paymentMethodId}`;
}
