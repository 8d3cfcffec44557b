import { openPool, type Sql } from "../../src/db/pool.ts";
import { startProgress } from "../../src/core/progress.ts";
import { daysOfPartition, type Partition } from "../world/partition.ts";
import { refundRequests } from "../world/refunds.ts";
import type { World } from "../world/world.ts";
import { bookPayment } from "./book_payment.ts";
import { copyDays } from "./copy_days.ts";
import { copyReferences } from "./copy_references.ts";
import { CHUNK_DAYS, type LoadOptions } from "./load_world.ts";
import { OperatorError } from "../../src/core/run_command.ts";

export interface LoadedPart {
  readonly fromDay: number;
  /** The first day that is another part's. */
  readonly toDay: number;
  readonly payments: number;
  readonly postings: number;
  /** Of the days, those that an earlier run of this part had loaded. */
  readonly daysThere: number;
  readonly durationMs: number;
}

/** A refund is asked for within so many days of its payment, or never. */
const REFUND_DAYS = 31;

/**
 * Loads one part of a world: the rows of its days, in any order and at the same time as other parts, from any machine.
 * People, shops and cards are written by whichever part comes first. What needs all payments in order, feature states,
 * labels, routing, wallets, is left to {@link completeWorld}.
 *
 * Ten days are one transaction. A part that is run again goes on where it was interrupted: that some days are there shows
 * by their first payment, whose id only this seed gives.
 */
export async function loadPart(
  world: World,
  partition: Partition,
  options: Pick<LoadOptions, "pool" | "tenantId">,
): Promise<LoadedPart> {
  const startedMs = performance.now();
  const { tenantId } = options;
  const [fromDay, toDay] = daysOfPartition(partition, world.config.days);
  const sql = openPool({ ...options.pool, max: 1, applicationName: "mcp-payments-lab simulate" });
  const progress = startProgress(`part ${partition.part}/${partition.parts}`, toDay - fromDay, "days");
  try {
    await ensureReferences(sql, world, tenantId);
    const lastAsked = Math.min(world.config.days, toDay + REFUND_DAYS);
    const requests = new Map(
      Array.from(refundRequests(world, fromDay, lastAsked), (asked) => [asked.paymentIndex, asked]),
    );
    let [payments, postings, daysThere] = [0, 0, 0];
    for (let day = fromDay; day < toDay; day += CHUNK_DAYS) {
      const days = { fromDay: day, toDay: Math.min(toDay, day + CHUNK_DAYS) };
      const copied = await copyUnlessThere(sql, world, tenantId, days, requests);
      if (copied === null) daysThere += days.toDay - days.fromDay;
      payments += copied?.payments ?? 0;
      postings += copied?.postings ?? 0;
      progress.update(days.toDay - fromDay);
    }
    return { fromDay, toDay, payments, postings, daysThere, durationMs: performance.now() - startedMs };
  } finally {
    progress.stop();
    await sql.end();
  }
}

/** One part writes what all share; the others wait for it, and make sure that it is of the same world. */
async function ensureReferences(sql: Sql, world: World, tenantId: string): Promise<void> {
  await sql.begin(async (transaction) => {
    const inside = transaction as unknown as Sql;
    await inside`select pg_advisory_xact_lock(hashtext('simulate'), hashtext(${tenantId}))`;
    if ((await inside`select 1 from worlds where tenant_id = ${tenantId}`).length > 0) {
      throw new OperatorError(
        "world_exists",
        `Tenant "${tenantId}" has a whole world already, and a ledger is never emptied. Use another tenant (--tenant).`,
      );
    }
    const there = await sharedRows(inside, tenantId);
    if (there === null) {
      await inside`insert into tenants (tenant_id) values (${tenantId}) on conflict do nothing`;
      await copyReferences(inside, world, tenantId);
    } else if (there !== sharedRowsOf(world)) {
      throw new OperatorError(
        "world_differs",
        `Tenant "${tenantId}" holds people of another world. Every part takes the same --days, --customers, --seed and ` +
          `--start; another world goes into another tenant (--tenant).`,
      );
    }
  });
}

/** What tells worlds apart at a glance: how many people and cards there are, and who the first and the last are. */
async function sharedRows(sql: Sql, tenantId: string): Promise<string | null> {
  const [{ customers, cards, ends }] = await sql<{ customers: number; cards: number; ends: string | null }[]>`
    select (select count(*)::int from customers where tenant_id = ${tenantId}) as customers,
           (select count(*)::int from payment_methods where tenant_id = ${tenantId}) as cards,
           (select string_agg(name || ' ' || since_ms, ', ' order by customer_id collate "C")
              from customers where tenant_id = ${tenantId} and customer_id in (
                (select min(customer_id collate "C") from customers where tenant_id = ${tenantId}),
                (select max(customer_id collate "C") from customers where tenant_id = ${tenantId}))) as ends`;
  return customers === 0 ? null : `${customers} ${cards} ${ends}`;
}

function sharedRowsOf({ customers, cards }: World): string {
  const sorted = [...customers].sort((a, b) => a.customerId < b.customerId ? -1 : 1);
  const ends = customers.length === 1 ? sorted : [sorted[0], sorted[sorted.length - 1]];
  return `${customers.length} ${cards.length} ${ends.map((its) => `${its.name} ${its.sinceMs}`).join(", ")}`;
}

type Days = { readonly fromDay: number; readonly toDay: number };

async function copyUnlessThere(
  sql: Sql,
  world: World,
  tenantId: string,
  days: Days,
  requests: Parameters<typeof copyDays>[3]["requests"],
): Promise<{ payments: number; postings: number } | null> {
  return await sql.begin(async (transaction) => {
    const inside = transaction as unknown as Sql;
    // Two runs of one part take turns: the second finds the work done.
    await inside`select pg_advisory_xact_lock(hashtext(${`simulate ${tenantId}`}), ${days.fromDay}::int)`;
    if (await isThere(inside, world, tenantId, days)) return null;
    return await copyDays(inside, world, tenantId, {
      ...days,
      whole: null,
      accounts: new Set(),
      requests,
    });
  }) as { payments: number; postings: number } | null;
}

async function isThere(sql: Sql, world: World, tenantId: string, { fromDay, toDay }: Days): Promise<boolean> {
  const { there, missing } = await loadedDays(sql, world, tenantId, { fromDay, toDay });
  if (missing.length === 0) return true;
  if (there.length === 0) return false;
  throw new OperatorError(
    "parts_differ",
    `Some of the days ${fromDay} to ${
      toDay - 1
    } of tenant "${tenantId}" are loaded, cut into other parts. Go on with the ` +
      `number of parts that was begun with.`,
  );
}

/**
 * Which days are loaded and which are not; those without payments are neither. Each day's rows came in one transaction, so
 * its first payment tells of all.
 */
export async function loadedDays(
  sql: Sql,
  world: World,
  tenantId: string,
  { fromDay, toDay }: Days,
): Promise<{ there: number[]; missing: number[] }> {
  const dayOf = new Map<string, number>();
  for (let day = fromDay; day < toDay; day++) {
    const [first] = world.payments(day, day + 1);
    if (first !== undefined) dayOf.set(bookPayment(first, world, tenantId).paymentId, day);
  }
  const rows = await sql<{ payment_id: string }[]>`
    select payment_id from payments where tenant_id = ${tenantId} and payment_id = any(${[
    ...dayOf.keys(),
  ]}::text[])`;
  const found = new Set(rows.map(({ payment_id }) => dayOf.get(payment_id)));
  const days = [...dayOf.values()];
  return { there: days.filter((day) => found.has(day)), missing: days.filter((day) => !found.has(day)) };
}
