import { toRfc3339 } from "../core/clock.ts";
import { DomainError } from "../core/errors.ts";
import type { PaymentService } from "./payment_service.ts";

const DAY_MS = 86_400_000;
/**
 * How far ahead of the real time, or of the end of the tenant's world where that is later, a payment's simulated time
 * may lie: the 365 days that the simulator's stream of next payments covers.
 *
 * It takes its tenant's clock along, for everybody, and nothing brings that back.
 */
export const SIMULATED_AHEAD_MAX_DAYS = 365;

/** Throws `invalid_arguments` for a time that lies too far ahead. Asks the database only where it may. */
export async function requireReachableTime(
  service: Pick<PaymentService, "clock" | "pool">,
  { tenantId, atMs, field }: { tenantId: string; atMs: number; field: string },
): Promise<void> {
  const nowMs = service.clock.nowMs();
  const aheadMs = SIMULATED_AHEAD_MAX_DAYS * DAY_MS;
  if (atMs <= nowMs + aheadMs) return;
  const [world] = await service.pool.of(tenantId)<{ end_ms: number }[]>`
    select (start_ms + days * ${DAY_MS}::bigint)::float8 as end_ms from worlds where tenant_id = ${tenantId}`;
  const isWorldLater = world !== undefined && world.end_ms > nowMs;
  const latestMs = (isWorldLater ? world.end_ms : nowMs) + aheadMs;
  if (atMs <= latestMs) return;
  throw new DomainError(
    "invalid_arguments",
    `Cannot take ${toRfc3339(atMs)} as ${field}: it lies more than ${SIMULATED_AHEAD_MAX_DAYS} days after ${
      isWorldLater ? `the end of the tenant's world, ${toRfc3339(world.end_ms)}` : "the real time"
    }, and later payments could not go back before it.`,
    { field, nextMove: `Send a time until ${toRfc3339(latestMs)}.` },
  );
}

/** How far a payment's own time lies from when it was made, in whole seconds; 0 where no time was simulated. */
export function timeShiftS(createdAtMs: number, occurredAtMs: number): number {
  return Math.trunc((occurredAtMs - createdAtMs) / 1_000);
}
