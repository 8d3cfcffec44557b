import { fanIn } from "./fan_in.ts";
import { fanOut } from "./fan_out.ts";
import { newPayee } from "./new_payee.ts";
import { passThrough } from "./pass_through.ts";
import type { JudgedPast, JudgedTransfer, Pattern } from "./past.ts";
import { structuring } from "./structuring.ts";

export type TransferDecision = "approve" | "hold" | "refuse";

export interface TransferRisk {
  /** 0 to 100: the patterns' log-odds over a base rate, as a percentage. */
  readonly score: number;
  readonly decision: TransferDecision;
  readonly patterns: readonly Pattern[];
  /** How many past transfers were looked at: of the sender's sent and received ones, and those the receiver received. */
  readonly lookedAt: { readonly sent: number; readonly received: number; readonly byReceiver: number };
}

/** One strong pattern towards a new payee waits for a person; two are refused. */
export const HOLD_AT_SCORE = 25;
export const REFUSE_AT_SCORE = 85;

/** Odds of 1 to 55 before any pattern: chosen so that no single weak sign holds anybody's money. */
const BASE_LOG_ODDS = -4;

const DETECTORS = [newPayee, fanIn, fanOut, passThrough, structuring] as const;

/**
 * Judges a transfer by mule patterns, from what the two wallets' histories knew at that instant and from nothing
 * else. An additive score with fixed weights, so that each answer can name what it rests on; how well it does is
 * measured on planted networks (`deno task bench:mules`).
 */
export function assessTransfer(transfer: JudgedTransfer, past: JudgedPast): TransferRisk {
  const patterns = DETECTORS.map((detect) => detect(transfer, past)).filter((found) => found !== null);
  const logOdds = patterns.reduce((sum, { weight }) => sum + weight, BASE_LOG_ODDS);
  const score = Math.round(1000 / (1 + Math.exp(-logOdds))) / 10;
  return {
    score,
    decision: score >= REFUSE_AT_SCORE ? "refuse" : score >= HOLD_AT_SCORE ? "hold" : "approve",
    patterns,
    lookedAt: {
      sent: past.sender.sent.length,
      received: past.sender.received.length,
      byReceiver: past.receiver.received.length,
    },
  };
}
