import { type Sql } from "../../src/db/pool.ts";
import { DEFAULT_MERCHANT_ID } from "../../src/payments/references.ts";
import type { World } from "../world/world.ts";
import { CopyRows } from "./copy_rows.ts";

export async function copyReferences(sql: Sql, world: World, tenantId: string): Promise<void> {
  const firstCard = new Map<string, string>();
  for (const card of world.cards) {
    if (!firstCard.has(card.customerId)) firstCard.set(card.customerId, card.paymentMethodId);
  }
  const customers = await CopyRows.start(sql, "customers", [
    "tenant_id",
    "customer_id",
    "name",
    "email",
    "country",
    "currency",
    "default_payment_method_id",
    "since_ms",
  ]);
  for (const customer of world.customers) {
    await customers.add([
      tenantId,
      customer.customerId,
      customer.name,
      customer.email,
      customer.country,
      customer.currency,
      firstCard.get(customer.customerId) ?? null,
      customer.sinceMs,
    ]);
  }
  await customers.end();
  const merchants = await CopyRows.start(sql, "merchants", [
    "tenant_id",
    "merchant_id",
    "name",
    "category",
    "country",
    "currency",
  ]);
  await merchants.add([tenantId, DEFAULT_MERCHANT_ID, "Sandbox Shop", "general", "US", "USD"]);
  for (const merchant of world.merchants) {
    await merchants.add([
      tenantId,
      merchant.merchantId,
      merchant.name,
      merchant.category,
      merchant.country,
      merchant.currency,
    ]);
  }
  await merchants.end();
  const cards = await CopyRows.start(sql, "payment_methods", [
    "tenant_id",
    "payment_method_id",
    "customer_id",
    "network",
    "issuer",
    "issuer_country",
    "last4",
  ]);
  for (const card of world.cards) {
    await cards.add([
      tenantId,
      card.paymentMethodId,
      card.customerId,
      card.network,
      card.issuer,
      card.issuerCountry,
      card.last4,
    ]);
  }
  await cards.end();
}
