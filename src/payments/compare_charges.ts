import type { Sql } from "../db/pool.ts";
import type { ChargeLog } from "../providers/charge_log.ts";
import { providerKeyOf } from "./payment.ts";

export interface BooksResult {
  readonly name: string;
  /** What must hold, in words. */
  readonly about: string;
  readonly violations: number;
  /** Up to three of them. */
  readonly examples: readonly string[];
}

interface CapturedRow {
  tenant_id: string;
  payment_id: string;
  charge_number: number;
  provider: string;
  provider_charge_id: string;
  currency: string;
  captured: string;
  refunded: string;
  open: string;
}

/** Rows read at once. */
const PAGE = 20_000;
const EXAMPLES_SHOWN = 3;

/**
 * Holds our books against the providers' own: written by other hands, in another database. Safe beside a running server:
 * a provider's book is read after ours, so all that we have booked is in it; what it has beyond that must be under way.
 */
export async function compareCharges(sql: Sql, log: ChargeLog): Promise<BooksResult[]> {
  const captures: string[] = [];
  const refunds: string[] = [];
  const suspects: { row: CapturedRow; name: string; refundedMinor: bigint }[] = [];
  for await (const rows of sql<CapturedRow[]>`${capturedRows(sql)}`.cursor(PAGE)) {
    for (const row of rows) {
      const key = providerKeyOf(row.tenant_id, row.payment_id, row.charge_number);
      const name = `${row.provider} ${key}`;
      const statement = log.statement(row.provider, key);
      const isCharged = statement?.reply.outcome === "approved" &&
        statement.reply.chargeId === row.provider_charge_id &&
        statement.amountMinor === BigInt(row.captured) && statement.currency === row.currency;
      if (!isCharged) captures.push(`${name} ${row.captured} ${row.currency}`);
      const refundedMinor = statement?.refundedMinor ?? 0n;
      if (refundedMinor < BigInt(row.refunded)) {
        refunds.push(`${name} refunded ${row.refunded}, of which its provider knows ${refundedMinor}`);
      } else if (refundedMinor > BigInt(row.refunded) + BigInt(row.open)) {
        suspects.push({ row, name, refundedMinor });
      }
    }
  }
  // A refund that began after the row was read has its row by now.
  for (const { row, name, refundedMinor } of suspects) {
    const [now] = await sql<{ promised: string }[]>`
      select coalesce(sum(amount_minor), 0)::text as promised from refunds
       where tenant_id = ${row.tenant_id} and payment_id = ${row.payment_id}
         and status in ('processing', 'in_doubt', 'succeeded')`;
    if (refundedMinor > BigInt(now.promised)) {
      refunds.push(
        `${name} refunded ${refundedMinor} by its provider, of which ${now.promised} was asked for`,
      );
    }
  }
  return [
    result(
      "captures_agree_with_providers",
      "Each captured card payment is a charge in its provider's book",
      captures,
    ),
    result(
      "refunds_agree_with_providers",
      "Each provider has given back what was refunded, and nothing that was not asked for",
      refunds,
    ),
  ];
}

function capturedRows(sql: Sql) {
  return sql`
    select p.tenant_id, p.payment_id, p.charge_number, p.provider, p.provider_charge_id, p.currency,
           p.captured_minor::text as captured, p.refunded_minor::text as refunded,
           coalesce((select sum(r.amount_minor) from refunds r
                      where r.tenant_id = p.tenant_id and r.payment_id = p.payment_id
                        and r.status in ('processing', 'in_doubt')), 0)::text as open
      from payments p
     where p.captured_minor > 0 and p.provider is not null`;
}

function result(name: string, about: string, found: readonly string[]): BooksResult {
  return { name, about, violations: found.length, examples: found.slice(0, EXAMPLES_SHOWN) };
}
