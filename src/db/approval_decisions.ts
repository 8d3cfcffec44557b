import type { TransactionSql } from "postgres";
import { toRfc3339 } from "../core/clock.ts";
import type { TenantStatements } from "./tenant_pool.ts";

/** How something that waited for a person came to wait no more. */
export type Decision = "approved" | "rejected" | "expired";
/** By which way: a person on the dashboard, whoever held the call's token, or nobody in time. */
export type DecidedVia = "dashboard" | "token" | "expiry";

/** Who decides, as the audit log will name them. */
export interface Decider {
  readonly name: string;
  readonly via: DecidedVia;
}

/** Nobody decided in time. */
export const EXPIRY: Decider = { name: "system", via: "expiry" };

export interface ApprovalDecision {
  readonly resourceId: string;
  readonly kind: "refund" | "transfer";
  readonly decision: Decision;
  readonly decidedBy: string;
  readonly decidedVia: DecidedVia;
  readonly decidedAtMs: number;
}

/**
 * Stores the decision within the transaction that carries it out. Its primary key refuses a second one, whatever the
 * caller believes; the caller holds the lock of what is decided, so that this never happens.
 */
export async function recordDecision(
  sql: TransactionSql,
  tenantId: string,
  decided: {
    resourceId: string;
    kind: ApprovalDecision["kind"];
    decision: Decision;
    by: Decider;
    atMs: number;
  },
): Promise<void> {
  const { resourceId, kind, decision, by, atMs } = decided;
  await sql`
    insert into approval_decisions (tenant_id, resource_id, kind, decision, decided_by, decided_via, decided_at)
    values (${tenantId}, ${resourceId}, ${kind}, ${decision}, ${by.name}, ${by.via}, ${
    toRfc3339(atMs)
  }::timestamptz)`;
}

/** A tenant's decisions, the latest first. */
export async function readLatestDecisions(
  sql: TenantStatements,
  tenantId: string,
  limit: number,
): Promise<ApprovalDecision[]> {
  const rows = await sql<DecisionRow[]>`
    select resource_id, kind, decision, decided_by, decided_via, decided_at from approval_decisions
     where tenant_id = ${tenantId} order by decided_at desc, resource_id desc limit ${limit}`;
  return rows.map(decisionOf);
}

/** How one thing was decided; null where it was not, or never waited. */
export async function readDecision(
  sql: TenantStatements,
  tenantId: string,
  resourceId: string,
): Promise<ApprovalDecision | null> {
  const [row] = await sql<DecisionRow[]>`
    select resource_id, kind, decision, decided_by, decided_via, decided_at from approval_decisions
     where tenant_id = ${tenantId} and resource_id = ${resourceId}`;
  return row === undefined ? null : decisionOf(row);
}

interface DecisionRow {
  resource_id: string;
  kind: ApprovalDecision["kind"];
  decision: Decision;
  decided_by: string;
  decided_via: DecidedVia;
  decided_at: Date;
}

function decisionOf(row: DecisionRow): ApprovalDecision {
  return {
    resourceId: row.resource_id,
    kind: row.kind,
    decision: row.decision,
    decidedBy: row.decided_by,
    decidedVia: row.decided_via,
    decidedAtMs: row.decided_at.getTime(),
  };
}
