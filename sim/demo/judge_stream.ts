import type { Sql } from "../../src/db/pool.ts";
import { textArray } from "../../src/db/array_literal.ts";
import type { FutureCall } from "../stream/future_calls.ts";

/**
 * Holds the decisions of a load run against the truth, which the stream's file knows and the server never saw.
 * The server must have declined by the risk score alone: what an issuer declined counts as approved by the screen.
 */
export async function judgeStream(
  sql: Sql,
  tenantId: string,
  streamPath: string,
  runId: string,
): Promise<{ text: string; frauds: number; caught: number; genuine: number; falseAlarms: number }> {
  const { payments } = JSON.parse(await Deno.readTextFile(streamPath)) as { payments: FutureCall[] };
  const truthByKey = new Map(
    payments.filter((call) => !call.replay).map((call) => [call.arguments.idempotency_key, call.truth_fraud]),
  );
  const rows = await sql<{ key: string; decline_by: string | null; risk_decision: string }[]>`
    select k.key, p.decline_by, p.risk_decision
      from unnest(${textArray([...truthByKey.keys()].map((key) => `${key}-${runId}`))}::text[]) u (key)
      join idempotency_keys k on k.tenant_id = ${tenantId} and k.key = u.key
      join payments p on p.tenant_id = k.tenant_id and p.payment_id = k.resource_id`;
  let frauds = 0;
  let caught = 0;
  let genuine = 0;
  let falseAlarms = 0;
  let challenged = 0;
  for (const { key, decline_by, risk_decision } of rows) {
    if (risk_decision === "step_up") challenged++;
    const declined = decline_by === "risk";
    if (truthByKey.get(key.slice(0, -runId.length - 1))) {
      frauds++;
      if (declined) caught++;
    } else {
      genuine++;
      if (declined) falseAlarms++;
    }
  }
  const percent = (part: number, whole: number) => whole === 0 ? "–" : `${(100 * part / whole).toFixed(2)}%`;
  const text =
    `Of ${rows.length} payments in the stream ${frauds} were fraud: ${caught} declined by the screen ` +
    `(recall ${percent(caught, frauds)}); of ${genuine} genuine ones ${falseAlarms} declined ` +
    `(${percent(falseAlarms, genuine)}). ${challenged} were challenged, and nobody answers in this stream.`;
  return { text, frauds, caught, genuine, falseAlarms };
}
