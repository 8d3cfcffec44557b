import { type Sql } from "../../src/db/pool.ts";
import type { FeatureStates } from "../../src/fraud/features/feature_states.ts";
import type { LabelEvent } from "../../src/fraud/features/event.ts";
import { encodeState } from "../../src/fraud/features/state.ts";
import { RoutingStatistics } from "../../src/routing/routing_statistics.ts";
import { CopyRows } from "./copy_rows.ts";

/** What had been reported by the end of the history. */
export async function copyLabels(
  sql: Sql,
  tenantId: string,
  known: readonly { label: LabelEvent; reportedAtMs: number }[],
): Promise<void> {
  const rows = await CopyRows.start(sql, "payment_labels", [
    "tenant_id",
    "payment_id",
    "fraud",
    "source",
    "reported_at_ms",
    "known_at_ms",
  ]);
  for (const { label: { payment, fraud, knownAtMs }, reportedAtMs } of known) {
    await rows.add([tenantId, payment.paymentId, fraud ? "t" : "f", "simulation", reportedAtMs, knownAtMs]);
  }
  await rows.end();
}

export async function copyStates(sql: Sql, tenantId: string, states: FeatureStates): Promise<void> {
  const rows = await CopyRows.start(sql, "feature_states", ["tenant_id", "kind", "entity_id", "state"]);
  for (const [ref, state] of states.entries()) {
    await rows.add([tenantId, ref.kind, ref.id, `\\x${encodeState(state).toHex()}`]);
  }
  await rows.end();
}

/** What the history taught about the providers, as the server goes on counting it. */
export async function copyRouting(sql: Sql, tenantId: string, routing: RoutingStatistics): Promise<void> {
  await sql`insert into routing_clocks (tenant_id, attempts) values (${tenantId}, ${routing.attempts})`;
  const rows = await CopyRows.start(sql, "routing_statistics", [
    "tenant_id",
    "provider",
    "context",
    "successes",
    "failures",
    "at_attempt",
  ]);
  for (const { provider, context, successes, failures, atAttempt } of routing.counts()) {
    await rows.add([tenantId, provider, context, successes, failures, atAttempt]);
  }
  await rows.end();
}
