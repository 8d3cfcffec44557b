import { join } from "node:path";
import { toRfc3339 } from "../../src/core/clock.ts";
import { startProgress } from "../../src/core/progress.ts";
import { openPool, type PoolOptions, type Sql } from "../../src/db/pool.ts";
import { ChargeLog, chargeLogPath } from "../../src/providers/charge_log.ts";
import { refundRequests } from "../world/refunds.ts";
import type { World } from "../world/world.ts";
import { copyReferences } from "./copy_references.ts";
import { copyDays } from "./copy_days.ts";
import { Knowledge } from "./knowledge.ts";
import type { WalletDay } from "./wallets/wallet_day.ts";
import { walletDays } from "./wallets/wallet_days.ts";

export interface LoadedWorld {
  readonly customers: number;
  readonly payments: number;
  readonly postings: number;
  readonly refunds: number;
  /** Top-ups of wallets, payments from them and transfers between them. */
  readonly walletEntries: number;
  readonly durationMs: number;
}

export interface LoadOptions {
  /** As the owner: PostgreSQL copies into no table that is under row-level security for whoever copies. */
  readonly pool: Pick<PoolOptions, "url" | "role">;
  readonly tenantId: string;
  readonly dataDirectory: string;
  readonly nowMs: number;
}

/** Days whose payments travel to the database in one COPY for each table. */
export const CHUNK_DAYS = 10;

/**
 * Fills a tenant with a world's history: people, shops, cards, every payment with its attempt, transfer and postings,
 * what was refunded of them, wallets with all that happened to them, the providers' own records, and the feature states as
 * they stand after the last payment.
 *
 * One transaction: an interrupted load leaves nothing behind but the providers' records, which a repeated load of
 * the same world meets again unchanged.
 */
export async function loadWorld(
  world: World,
  options: LoadOptions,
): Promise<LoadedWorld> {
  const startedMs = performance.now();
  const { tenantId } = options;
  await Deno.mkdir(join(options.dataDirectory, "providers"), { recursive: true });
  const charges = new ChargeLog(chargeLogPath(options.dataDirectory));
  const sql = openPool({ ...options.pool, max: 1, applicationName: "mcp-payments-lab simulate" });
  try {
    return await sql.begin(async (transaction) => {
      const inside = transaction as unknown as Sql;
      await insertWorld(inside, world, tenantId, options.nowMs);
      await copyReferences(inside, world, tenantId);
      const knowledge = new Knowledge(world, charges);
      const accounts = new Set<string>();
      const requests = new Map(Array.from(refundRequests(world), (asked) => [asked.paymentIndex, asked]));
      const wallets = walletDays(world, tenantId)[Symbol.iterator]();
      let refunds = 0;
      let walletEntries = 0;
      let payments = 0;
      let postings = 0;
      const progress = startProgress("booking the history", world.config.days, "days");
      for (let fromDay = 0; fromDay < world.config.days; fromDay += CHUNK_DAYS) {
        const toDay = Math.min(world.config.days, fromDay + CHUNK_DAYS);
        const chunk = await copyDays(inside, world, tenantId, {
          fromDay,
          toDay,
          whole: { knowledge, walletDays: take(wallets, toDay - fromDay) },
          accounts,
          requests,
        });
        refunds += chunk.refunds;
        walletEntries += chunk.walletEntries;
        payments += chunk.payments;
        postings += chunk.postings;
        progress.update(toDay);
      }
      progress.stop();
      await knowledge.copy(inside, tenantId);
      return {
        customers: world.customers.length,
        payments,
        postings,
        refunds,
        walletEntries,
        durationMs: performance.now() - startedMs,
      };
    }) as LoadedWorld;
  } finally {
    await sql.end();
    charges.close();
  }
}

/** The next so many days. */
export function take(days: Iterator<WalletDay>, count: number): WalletDay[] {
  return Array.from({ length: count }, () => days.next().value as WalletDay);
}

/** Says that the tenant has this world, whole. */
export async function insertWorld(
  sql: Sql,
  { config }: World,
  tenantId: string,
  nowMs: number,
): Promise<void> {
  await sql`insert into worlds (tenant_id, seed, days, customers, start_ms, loaded_at)
            values (${tenantId}, ${config.seed}, ${config.days}, ${config.customers}, ${config.startMs},
                    ${toRfc3339(nowMs)})`;
  await sql`insert into tenants (tenant_id) values (${tenantId}) on conflict do nothing`;
}
