import { DomainError } from "../core/errors.ts";
import { EXAMPLE_CUSTOMER_ID, unknownCustomer } from "../core/unknown_customer.ts";
import type { BatchConnection } from "../db/batch_transaction.ts";
import { textArray } from "../db/array_literal.ts";
import { inPages } from "../db/in_pages.ts";
import type { Sql } from "../db/pool.ts";
import type { TenantPool } from "../db/tenant_pool.ts";
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
  "tenantId" | "customerId" | "merchantId" | "method" | "paymentMethodId"
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
    this.#customers = new Lookup(
      (tenants, ids) => this.#loadCustomers(tenants, ids),
      ({ customerId }) => customerId,
    );
    this.#merchants = new Lookup(
      (tenants, ids) => this.#loadMerchants(tenants, ids),
      ({ merchantId }) => merchantId,
    );
    this.#paymentMethods = new Lookup(
      (tenants, ids) => this.#loadPaymentMethods(tenants, ids),
      ({ paymentMethodId }) => paymentMethodId,
    );
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
      throw unknownCustomer(customerId, tenantId, await this.#knownIn(tenantId));
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

  async #knownIn(tenantId: string): Promise<"example" | "others" | "none"> {
    if (await this.#customers.find(tenantId, EXAMPLE_CUSTOMER_ID) !== undefined) return "example";
    const { sql, send } = this.#connection.reader([tenantId]);
    const [any] = await send(sql<{ one: number }[]>`
      select 1 as one from customers where tenant_id = ${tenantId} limit 1`);
    return any === undefined ? "none" : "others";
  }

  async #paymentMethod(
    customer: Customer,
    { tenantId, paymentMethodId: asked }: Named,
  ): Promise<PaymentMethod> {
    const paymentMethodId = asked ?? customer.defaultPaymentMethodId;
    if (paymentMethodId !== null) {
      const test = testPaymentMethod(paymentMethodId);
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

  /**
   * Remembers all there are, or as many as are kept.
   *
   * @param isEnded asked from time to time
   */
  async warmUp(pool: TenantPool, isEnded: () => boolean): Promise<void> {
    const { sql } = this.#connection.reader([]);
    await this.#customers.fill(isEnded, (tenantId, id, limit) =>
      pool.ofEveryTenant<Row<Customer>[]>`
        select ${
        customerColumns(sql)
      } from customers c where (c.tenant_id, c.customer_id) > (${tenantId}, ${id})
         order by c.tenant_id, c.customer_id limit ${limit}`);
    await this.#merchants.fill(isEnded, (tenantId, id, limit) =>
      pool.ofEveryTenant<Row<Merchant>[]>`
        select ${
        merchantColumns(sql)
      } from merchants m where (m.tenant_id, m.merchant_id) > (${tenantId}, ${id})
         order by m.tenant_id, m.merchant_id limit ${limit}`);
    await this.#paymentMethods.fill(
      isEnded,
      (tenantId, id, limit) =>
        pool.ofEveryTenant<Row<PaymentMethod>[]>`
        select ${paymentMethodColumns(sql)} from payment_methods p
         where (p.tenant_id, p.payment_method_id) > (${tenantId}, ${id})
         order by p.tenant_id, p.payment_method_id limit ${limit}`,
    );
  }

  #loadCustomers(tenants: string[], ids: string[]): Promise<Row<Customer>[]> {
    const { sql, send } = this.#connection.reader(tenants);
    return send(sql<Row<Customer>[]>`
      select ${customerColumns(sql)}
        from unnest(${textArray(tenants)}::text[], ${textArray(ids)}::text[]) u (tenant_id, customer_id)
        join customers c using (tenant_id, customer_id)`);
  }

  #loadMerchants(tenants: string[], ids: string[]): Promise<Row<Merchant>[]> {
    const { sql, send } = this.#connection.reader(tenants);
    return send(sql<Row<Merchant>[]>`
      select ${merchantColumns(sql)}
        from unnest(${textArray(tenants)}::text[], ${textArray(ids)}::text[]) u (tenant_id, merchant_id)
        join merchants m using (tenant_id, merchant_id)`);
  }

  #loadPaymentMethods(tenants: string[], ids: string[]): Promise<Row<PaymentMethod>[]> {
    const { sql, send } = this.#connection.reader(tenants);
    return send(sql<Row<PaymentMethod>[]>`
      select ${paymentMethodColumns(sql)}
        from unnest(${textArray(tenants)}::text[], ${textArray(ids)}::text[]) u (tenant_id, payment_method_id)
        join payment_methods p using (tenant_id, payment_method_id)`);
  }
}

type Row<Value> = Value & { readonly tenantId: string };

function customerColumns(sql: Sql) {
  return sql`c.tenant_id as "tenantId", c.customer_id as "customerId", c.country, c.currency,
             c.default_payment_method_id as "defaultPaymentMethodId", c.since_ms::float8 as "sinceMs"`;
}

function merchantColumns(sql: Sql) {
  return sql`m.tenant_id as "tenantId", m.merchant_id as "merchantId", m.category, m.country`;
}

function paymentMethodColumns(sql: Sql) {
  return sql`p.tenant_id as "tenantId", p.payment_method_id as "paymentMethodId", p.customer_id as "customerId",
             p.network, p.issuer_country as "issuerCountry", false as "isTest"`;
}

/** A bounded memory of found rows over a loader that fetches all keys of one turn of the event loop at once. */
class Lookup<Value> {
  readonly #load: (tenants: string[], ids: string[]) => Promise<Row<Value>[]>;
  readonly #idOf: (value: Value) => string;
  readonly #found = new Map<string, Value>();
  #next: { tenants: string[]; ids: string[]; rows: Promise<Map<string, Value>> } | undefined;

  constructor(
    load: (tenants: string[], ids: string[]) => Promise<Row<Value>[]>,
    idOf: (value: Value) => string,
  ) {
    this.#load = load;
    this.#idOf = idOf;
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
      }).then((found) => new Map(found.map((row) => [this.#remember(row), row])));
      this.#next = { tenants, ids, rows };
    }
    this.#next.tenants.push(tenantId);
    this.#next.ids.push(id);
    return this.#next.rows.then((rows) => rows.get(key));
  }

  /** @param read the rows that come after these ids, `limit` at most */
  async fill(
    isEnded: () => boolean,
    read: (tenantId: string, id: string, limit: number) => Promise<Row<Value>[]>,
  ): Promise<void> {
    await inPages<Row<Value>>(
      (last, limit) => read(last?.tenantId ?? "", last === null ? "" : this.#idOf(last), limit),
      (row) => void this.#remember(row),
      () => isEnded() || this.#found.size >= CACHE_MAX_ENTRIES,
    );
  }

  #remember(row: Row<Value>): string {
    const key = cacheKey(row.tenantId, this.#idOf(row));
    if (this.#found.size >= CACHE_MAX_ENTRIES) this.#found.delete(this.#found.keys().next().value!);
    this.#found.set(key, row);
    return key;
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
