import type { AccountKind } from "../../ledger/accounts.ts";

/** One earlier transfer as a wallet on one side of it knows it. */
export interface PastTransfer {
  readonly otherId: string;
  readonly amountUsd: number;
  readonly atMs: number;
  /** False for one that was refused, is waiting or has expired: it was tried, but moved nothing. */
  readonly posted: boolean;
}

/** A wallet's latest transfers, newest first, at most {@link LOOKED_AT} in either direction. */
export interface WalletPast {
  readonly sent: readonly PastTransfer[];
  readonly received: readonly PastTransfer[];
}

/** Bounds what one judgement reads, however busy the wallet: all patterns are about the latest days. */
export const LOOKED_AT = 40;

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** The transfer that is judged. Amounts in dollars at the fixed reference rate, so that limits mean one thing. */
export interface JudgedTransfer {
  readonly fromId: string;
  readonly toId: string;
  readonly toKind: AccountKind;
  readonly amountUsd: number;
  readonly atMs: number;
}

export interface JudgedPast {
  readonly sender: WalletPast;
  readonly receiver: WalletPast;
}

export type PatternName = "new_payee" | "fan_in" | "fan_out" | "pass_through" | "structuring";

/** A pattern that was found: how much it weighs, in log-odds, and the figures it was found by. */
export interface Pattern {
  readonly pattern: PatternName;
  readonly weight: number;
  readonly about: string;
  readonly evidence: Readonly<Record<string, number>>;
}

export function within(past: readonly PastTransfer[], atMs: number, windowMs: number): PastTransfer[] {
  return past.filter((one) => one.atMs <= atMs && one.atMs > atMs - windowMs);
}

export function totalUsd(past: readonly PastTransfer[]): number {
  return past.reduce((sum, one) => sum + one.amountUsd, 0);
}

export function dollars(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Whom the wallet dealt with in these transfers a day before `atMs` or earlier: they are not new to it. */
export function knownADayBefore(past: readonly PastTransfer[], atMs: number): Set<string> {
  return new Set(past.filter((one) => one.atMs <= atMs - DAY_MS).map(({ otherId }) => otherId));
}

/** How much many new ones in one day weigh, from the least number that tells on. */
export function crowdWeight(count: number, least: number): number {
  return Math.min(3.5, 2.5 + 0.3 * (count - least));
}
