import { join } from "node:path";
import { startProgress } from "../../src/core/progress.ts";
import { openPool, type Sql } from "../../src/db/pool.ts";
import { ChargeLog, chargeLogPath } from "../../src/providers/charge_log.ts";
import { refundRequests } from "../world/refunds.ts";
import type { SimPayment, World } from "../world/world.ts";
import { bookPayment } from "./book_payment.ts";
import { addWalletPayment, refundOf } from "./copy_days.ts";
import { Knowledge } from "./knowledge.ts";
import { loadedDays } from "./load_part.ts";
import { CHUNK_DAYS, insertWorld, type LoadOptions, take } from "./load_world.ts";
import { mergeByTime } from "./merge_by_time.ts";
import { copyWallets } from "./wallets/copy_wallets.ts";
import type { WalletPayment } from "./wallets/wallet_day.ts";
import { walletDays } from "./wallets/wallet_days.ts";
import { OperatorError } from "../../src/core/run_command.ts";

export interface CompletedWorld {
  readonly payments: number;
  readonly durationMs: number;
}

/**
 * The last step of a load by parts: goes through all payments once more, in order, without writing them, and stores what
 * only all of them together say. That is the feature states and labels, what routing learned, the wallets (whether there is
 * money for a payment, the days before tell), the providers' records in this machine's folder, and that the tenant has a world. Afterwards the database is
 * the one that a single load would have made.
 *
 * One transaction; it makes sure first that every day is there.
 */
export async function completeWorld(world: World, options: LoadOptions): Promise<CompletedWorld> {
  const startedMs = performance.now();
  const { tenantId } = options;
  await Deno.mkdir(join(options.dataDirectory, "providers"), { recursive: true });
  const sql = openPool({ ...options.pool, max: 1, applicationName: "mcp-payments-lab simulate" });
  let charges: ChargeLog | undefined;
  try {
    await requireAllDays(sql, world, tenantId);
    charges = new ChargeLog(chargeLogPath(options.dataDirectory));
    const log = charges;
    const payments = await sql.begin(async (transaction) => {
      const inside = transaction as unknown as Sql;
      await insertWorld(inside, world, tenantId, options.nowMs);
      const knowledge = new Knowledge(world, log);
      const loaded = await countPayments(inside, tenantId);
      const moved = await addPayments(inside, world, tenantId, knowledge);
      requirePayments(tenantId, loaded, moved.payments);
      await moveOn(inside, tenantId, moved);
      await knowledge.copy(inside, tenantId);
      return moved.payments;
    }) as number;
    return { payments, durationMs: performance.now() - startedMs };
  } finally {
    await sql.end();
    charges?.close();
  }
}

/** Payments of which the features think that they took place later than they did. */
interface Moved {
  readonly payments: number;
  readonly paymentIds: string[];
  readonly occurredAtMs: number[];
}

async function addPayments(sql: Sql, world: World, tenantId: string, knowledge: Knowledge): Promise<Moved> {
  const requests = new Map(Array.from(refundRequests(world), (asked) => [asked.paymentIndex, asked]));
  const [paymentIds, occurredAtMs]: [string[], number[]] = [[], []];
  const wallets = walletDays(world, tenantId)[Symbol.iterator]();
  const accounts = new Set<string>();
  const progress = startProgress("feature states and wallets", world.config.days, "days");
  let payments = 0;
  for (let fromDay = 0; fromDay < world.config.days; fromDay += CHUNK_DAYS) {
    const toDay = Math.min(world.config.days, fromDay + CHUNK_DAYS);
    const days = take(wallets, toDay - fromDay);
    const walletPayments = days.flatMap((day) => day.payments);
    const movedTo = new Map<string, number>();
    for (
      const payment of mergeByTime<SimPayment, WalletPayment>(world.payments(fromDay, toDay), walletPayments)
    ) {
      if ("kind" in payment) {
        addWalletPayment(knowledge, payment, movedTo);
        continue;
      }
      const booking = bookPayment(payment, world, tenantId);
      const atMs = knowledge.add(payment, booking, refundOf(payment, booking, requests, tenantId));
      payments++;
      if (atMs === payment.occurredAtMs) continue;
      paymentIds.push(booking.paymentId);
      occurredAtMs.push(atMs);
    }
    await copyWallets(sql, tenantId, days, accounts, movedTo);
    progress.update(toDay);
  }
  progress.stop();
  return { payments, paymentIds, occurredAtMs };
}

/** Tells the rows what the features' instants are, where they differ. */
export async function moveOn(sql: Sql, tenantId: string, { paymentIds, occurredAtMs }: Moved): Promise<void> {
  await sql`
    update payments p set occurred_at_ms = m.occurred_at_ms
      from unnest(${paymentIds}::text[], ${
    occurredAtMs.map(String)
  }::bigint[]) as m (payment_id, occurred_at_ms)
     where p.tenant_id = ${tenantId} and p.payment_id = m.payment_id`;
}

async function requireAllDays(sql: Sql, world: World, tenantId: string): Promise<void> {
  const { seed, days } = world.config;
  if ((await sql`select 1 from worlds where tenant_id = ${tenantId}`).length > 0) {
    throw new OperatorError(
      "world_exists",
      `Tenant "${tenantId}" has a whole world already: there is nothing to complete.`,
    );
  }
  const { missing } = await loadedDays(sql, world, tenantId, { fromDay: 0, toDay: days });
  if (missing.length === 0) return;
  throw new OperatorError(
    "days_missing",
    `Tenant "${tenantId}" lacks ${missing.length} of ${days} days of the world of seed ${seed}: ${
      ranges(missing)
    }. Run ` +
      `the parts that hold them first (--partition), with the same --days, --customers, --seed and --start.`,
  );
}

async function countPayments(sql: Sql, tenantId: string): Promise<number> {
  const [{ count }] = await sql<{ count: number }[]>`
    select count(*)::int as count from payments where tenant_id = ${tenantId}`;
  return count;
}

function requirePayments(tenantId: string, count: number, expected: number): void {
  if (count === expected) return;
  throw new OperatorError(
    "world_differs",
    `Tenant "${tenantId}" has ${count} payments, and the world has ${expected}: others were made in it, or --days, ` +
      `--customers, --seed or --start are not those of the parts. Load the world into a tenant of its own.`,
  );
}

/** `0–9, 30, 40–59` */
function ranges(days: readonly number[]): string {
  const found: [from: number, to: number][] = [];
  for (const day of days) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === day - 1) last[1] = day;
    else found.push([day, day]);
  }
  return found.map(([from, to]) => from === to ? `${from}` : `${from}–${to}`).join(", ");
}
