import { CURRENCIES } from "../../src/core/money.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import {
  REFUND_WINDOW_MS,
  type RefundAsked,
  refundFeatures,
  type RefundHistory,
} from "../../src/fraud/refunds/refund_features.ts";
import { CURRENCY_CODES } from "../world/countries.ts";
import { customerIdOf } from "../world/ids.ts";
import { labelKnownAt } from "../world/labels.ts";
import { type RefundRequest, refundRequests } from "../world/refunds.ts";
import { INDEX_STEP_PER_DAY, type World } from "../world/world.ts";

export interface RefundRow {
  readonly request: RefundRequest;
  /** Day of the world it was made on. */
  readonly day: number;
  readonly amountUsd: number;
  readonly features: readonly number[];
}

/** A customer's life so far, in the order in which it happened. */
interface Life {
  readonly paidAtMs: number[];
  /** Running sum of what was paid, in US dollars. */
  readonly paidUsd: number[];
  readonly requests: { request: RefundRequest; amountUsd: number }[];
}

/**
 * Every refund request of a world with the inputs that the server would have had for it at that instant: only what was
 * paid and asked before, and of the customer's lies those that had been found out.
 */
export function refundRows(world: World): RefundRow[] {
  const { startMs } = world.config;
  const factors = CURRENCY_CODES.map((code) => usdPerMinor(code));
  const lives = new Map<string, Life>();
  const paid = new Map<number, { atMs: number; usd: number }>();
  const requests = [...refundRequests(world)];
  const asked = new Set(requests.map(({ paymentIndex }) => paymentIndex));
  const rows: RefundRow[] = [];
  let next = 0;
  for (const { day, columns } of world.columns()) {
    for (let row = 0; row <= columns.length; row++) {
      const untilMs = row < columns.length ? columns.occurredAtMs[row] : startMs + (day + 1) * DAY_MS;
      while (next < requests.length && requests[next].requestedAtMs <= untilMs) {
        rows.push(rowOf(requests[next++], lives, paid, startMs));
      }
      if (row === columns.length) break;
      const usd = columns.amountMinor[row] * factors[columns.currency[row]];
      const life = lifeOf(lives, customerIdOf(columns.customer[row]));
      life.paidAtMs.push(untilMs);
      life.paidUsd.push((life.paidUsd.at(-1) ?? 0) + usd);
      const index = day * INDEX_STEP_PER_DAY + row;
      if (asked.has(index)) paid.set(index, { atMs: untilMs, usd });
    }
  }
  return rows;
}

function rowOf(
  request: RefundRequest,
  lives: Map<string, Life>,
  paid: ReadonlyMap<number, { atMs: number; usd: number }>,
  startMs: number,
): RefundRow {
  const life = lifeOf(lives, request.customerId);
  const payment = paid.get(request.paymentIndex)!;
  const amountUsd = request.amountMinor * usdPerMinor(request.currency);
  const asked: RefundAsked = {
    amountUsd,
    capturedUsd: payment.usd,
    paidAtMs: payment.atMs,
    requestedAtMs: request.requestedAtMs,
    reason: request.reason,
  };
  const features = refundFeatures(asked, historyOf(life, request.requestedAtMs));
  life.requests.push({ request, amountUsd });
  return { request, day: Math.floor((request.requestedAtMs - startMs) / DAY_MS), amountUsd, features };
}

function historyOf({ paidAtMs, paidUsd, requests }: Life, atMs: number): RefundHistory {
  let first = paidAtMs.length;
  while (first > 0 && paidAtMs[first - 1] > atMs - REFUND_WINDOW_MS) first--;
  const recent = requests.filter(({ request }) => request.requestedAtMs > atMs - REFUND_WINDOW_MS);
  return {
    purchases: paidAtMs.length - first,
    purchasesUsd: (paidUsd.at(-1) ?? 0) - (paidUsd[first - 1] ?? 0),
    requests: recent.length,
    requestsUsd: recent.reduce((sum, { amountUsd }) => sum + amountUsd, 0),
    notReceived: recent.filter(({ request }) => request.reason === "not_received").length,
    foundUntrue: requests.filter(({ request }) => labelKnownAt(request, atMs)).length,
  };
}

function lifeOf(lives: Map<string, Life>, customerId: string): Life {
  let life = lives.get(customerId);
  if (life === undefined) lives.set(customerId, life = { paidAtMs: [], paidUsd: [], requests: [] });
  return life;
}

function usdPerMinor(currency: string): number {
  const { exponent, referenceUsd } = CURRENCIES[currency];
  return referenceUsd / 10 ** exponent;
}
