import type { Sql } from "../db/pool.ts";
import type { CapturedCharge, ChargeName } from "../providers/captured_charge.ts";
import type { ChargeStatement } from "../providers/provider.ts";
import { findLostCharges } from "./find_lost_charges.ts";
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

/** Of what disagrees with a list that was read before, so much is asked for anew; the rest is held to the list. */
const ASKED_ANEW_MAX = 1_000;

/** The providers' book: their log itself, or a list of it that can be asked for anew. */
export interface ChargesBook {
  statement(provider: string, key: string): ChargeStatement | null;
  /** As they are now, in the order asked for, where {@link statement} may be older than our row. */
  statementsNow?(charges: readonly ChargeName[]): Promise<(ChargeStatement | null)[]>;
  /** All that were captured. */
  captured(): Iterable<CapturedCharge>;
}

/**
 * Holds our books against the providers' own, both ways: written by other hands, in another database. Safe beside a
 * running server: a provider's word is read after ours, so all that we have booked is in it; what it has beyond that
 * must be under way. Where a list was read before, what disagrees with it is asked for anew.
 */
export async function compareCharges(sql: Sql, book: ChargesBook): Promise<BooksResult[]> {
  const captures: string[] = [];
  const refunds: string[] = [];
  const suspects: { row: CapturedRow; name: string; refundedMinor: bigint }[] = [];
  const judge = (row: CapturedRow, statement: ChargeStatement | null) => {
    const name = `${row.provider} ${keyOf(row)}`;
    if (!isChargedAs(row, statement)) captures.push(`${name} ${row.captured} ${row.currency}`);
    const refundedMinor = statement?.refundedMinor ?? 0n;
    if (refundedMinor < BigInt(row.refunded)) {
      refunds.push(`${name} refunded ${row.refunded}, of which its provider knows ${refundedMinor}`);
    } else if (refundedMinor > BigInt(row.refunded) + BigInt(row.open)) {
      suspects.push({ row, name, refundedMinor });
    }
  };
  const disagreeing: CapturedRow[] = [];
  let notAskedAnew = 0;
  for await (const rows of sql<CapturedRow[]>`${capturedRows(sql)}`.cursor(PAGE)) {
    for (const row of rows) {
      const statement = book.statement(row.provider, keyOf(row));
      if (book.statementsNow === undefined || isAgreed(row, statement)) judge(row, statement);
      else if (disagreeing.length < ASKED_ANEW_MAX) disagreeing.push(row);
      else {
        notAskedAnew++;
        judge(row, statement);
      }
    }
  }
  if (disagreeing.length > 0) {
    const now = await book.statementsNow!(
      disagreeing.map((row) => ({ provider: row.provider, key: keyOf(row) })),
    );
    disagreeing.forEach((row, i) => judge(row, now[i]));
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
  const { lost, elsewhere } = await findLostCharges(sql, book.captured());
  return [
    result(
      "captures_agree_with_providers",
      "Each captured card payment is a charge in its provider's book",
      captures,
      notAskedAnew === 0
        ? ""
        : `; ${notAskedAnew} more than could be asked about anew disagree with the list`,
    ),
    result(
      "charges_are_captured_payments",
      "Each charge in a provider's book is a captured payment, or one that is still open",
      lost,
      elsewhere === 0 ? "" : `; ${elsewhere} charges in it are of tenants that are not in this database`,
    ),
    result(
      "refunds_agree_with_providers",
      "Each provider has given back what was refunded, and nothing that was not asked for",
      refunds,
    ),
  ];
}

function isChargedAs(row: CapturedRow, statement: ChargeStatement | null): boolean {
  return statement?.reply.outcome === "approved" && statement.reply.chargeId === row.provider_charge_id &&
    statement.amountMinor === BigInt(row.captured) && statement.currency === row.currency;
}

function isAgreed(row: CapturedRow, statement: ChargeStatement | null): boolean {
  return isChargedAs(row, statement) && statement!.refundedMinor === BigInt(row.refunded);
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

function keyOf(row: Pick<CapturedRow, "tenant_id" | "payment_id" | "charge_number">): string {
  return providerKeyOf(row.tenant_id, row.payment_id, row.charge_number);
}

function result(name: string, about: string, found: readonly string[], note = ""): BooksResult {
  return { name, about: about + note, violations: found.length, examples: found.slice(0, EXAMPLES_SHOWN) };
}
