import type { Sql } from "../../src/db/pool.ts";
import { checkLedger } from "../../src/ledger/check_ledger.ts";
import { checkFeatures } from "../../src/payments/check_features.ts";
import { PAYMENT_STATUSES, type PaymentStatus, providerKeyOf } from "../../src/payments/payment.ts";
import type { ChargeRecord } from "../../src/providers/charge_log.ts";
import type { SeenAnswer } from "./paying_clients.ts";

export interface Audit {
  payments: number;
  captured: number;
  /** What is wrong, each in a line; empty when all is well. */
  findings: string[];
}

/**
 * Holds a settled server's books against what its clients have seen and what its providers have charged: neither
 * knows of the other, so agreement is no accident.
 */
export async function auditRun(
  sql: Sql,
  charges: Iterable<ChargeRecord>,
  seen: readonly SeenAnswer[],
): Promise<Audit> {
  const findings: string[] = [];
  const payments = await readPayments(sql);
  const byProviderKey = new Map(
    payments.filter(({ provider }) => provider !== null)
      .map((
        payment,
      ) => [
        `${payment.provider} ${providerKeyOf(payment.tenantId, payment.paymentId, payment.chargeNumber)}`,
        payment,
      ]),
  );

  // 1. Nothing is left open.
  for (const { paymentId, status } of payments) {
    if (!PAYMENT_STATUSES[status].final) findings.push(`payment ${paymentId} is ${status}`);
  }

  // 2. The providers' captured charges are exactly the succeeded payments, to the unit.
  let captured = 0;
  const chargedKeys = new Set<string>();
  for (const charge of charges) {
    const key = `${charge.provider} ${charge.key}`;
    const payment = byProviderKey.get(key);
    if (charge.state !== "captured") {
      if (isCaptured(payment)) findings.push(`payment ${key} succeeded and was ${charge.state}`);
      continue;
    }
    captured++;
    chargedKeys.add(key);
    if (payment === undefined || !isCaptured(payment)) {
      findings.push(`${key} was charged and its payment is ${payment?.status ?? "missing"}`);
    } else if (
      payment.capturedMinor !== charge.amountMinor || payment.currency !== charge.currency ||
      payment.chargeId !== charge.chargeId
    ) findings.push(`${key} was charged ${charge.amountMinor} ${charge.currency}, booked otherwise`);
  }
  for (const [key, payment] of byProviderKey) {
    if (isCaptured(payment) && !chargedKeys.has(key)) {
      findings.push(`${key} succeeded without a charge`);
    }
  }

  // 3. What a client was told is still so; what was in doubt has been decided.
  const byId = new Map(payments.map((payment) => [payment.paymentId, payment]));
  for (const { paymentId, status, amountMinor, key } of seen) {
    const payment = byId.get(paymentId);
    if (payment === undefined) {
      findings.push(`${key} was answered with payment ${paymentId}, which is not there`);
    } else if (status !== "in_doubt" && payment.status !== status) {
      findings.push(`${paymentId} was answered as ${status} and is ${payment.status}`);
    } else if (payment.amountMinor !== BigInt(amountMinor)) {
      findings.push(`${paymentId} was answered with ${amountMinor} and is ${payment.amountMinor}`);
    }
  }

  // 4. One payment for one key.
  const keys = new Set<string>();
  for (const { idempotencyKey, paymentId } of payments) {
    if (idempotencyKey === null) continue;
    if (keys.has(idempotencyKey)) {
      findings.push(`${paymentId} is the second payment of key ${idempotencyKey}`);
    }
    keys.add(idempotencyKey);
  }

  // 5. The ledger's and the fraud engine's own checks.
  for (const { name, violations, examples } of await checkLedger(sql)) {
    if (violations > 0) findings.push(`ledger: ${name} ${violations}, such as ${examples[0]}`);
  }
  const features = await checkFeatures(sql);
  findings.push(...features.examples.map((example) => `features: ${example}`));
  if (features.otherVectors > 0) {
    findings.push(`features: ${features.otherVectors} vectors of another length`);
  }
  return { payments: payments.length, captured, findings };
}

function isCaptured(payment: Payment | undefined): boolean {
  return payment !== undefined && PAYMENT_STATUSES[payment.status].captured;
}

interface Payment {
  tenantId: string;
  paymentId: string;
  status: PaymentStatus;
  provider: string | null;
  chargeNumber: number;
  chargeId: string | null;
  idempotencyKey: string | null;
  amountMinor: bigint;
  capturedMinor: bigint;
  currency: string;
}

async function readPayments(sql: Sql): Promise<Payment[]> {
  const rows = await sql<
    (Omit<Payment, "amountMinor" | "capturedMinor"> & { amount: string; captured: string })[]
  >`
    select tenant_id as "tenantId", payment_id as "paymentId", status, provider, currency,
           charge_number as "chargeNumber",
           provider_charge_id as "chargeId", idempotency_key as "idempotencyKey",
           amount_minor::text as amount, captured_minor::text as captured
      from payments`;
  return rows.map(({ amount, captured, ...row }) => ({
    ...row,
    amountMinor: BigInt(amount),
    capturedMinor: BigInt(captured),
  }));
}
