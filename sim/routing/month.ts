import { ACQUIRER_PROFILES, type AcquirerProfile } from "../../src/providers/acquirer_profiles.ts";
import { approvalProbability, unitHash } from "../../src/providers/decide_charge.ts";
import { acquirerFeeMinor } from "../../src/providers/fee_schedule.ts";
import { plannedRefusalShare } from "../../src/providers/outage_schedule.ts";
import { toReferenceUsd } from "../../src/core/money.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { generateWorld } from "../world/world.ts";

/** Two outages and a slow drift, on top of the announced ones and the weak hours of the profiles. */
export interface Month {
  readonly payments: readonly MonthPayment[];
  readonly outages: readonly Outage[];
  readonly days: number;
  readonly startMs: number;
}

/** A provider that refuses every charge, from one day (with its fraction) to another. */
export interface Outage {
  readonly provider: string;
  readonly fromDay: number;
  readonly toDay: number;
}

/** One charge to be routed, and what each provider would do with it: the truth, which only the oracle sees. */
export interface MonthPayment {
  readonly key: string;
  readonly day: number;
  readonly occurredAtMs: number;
  readonly amountMinor: bigint;
  readonly amountUsd: number;
  readonly currency: string;
  readonly network: string;
  readonly issuerCountry: string;
  readonly merchantCountry: string;
  readonly options: readonly MonthOption[];
}

export interface MonthOption {
  readonly provider: string;
  readonly feeMinor: bigint;
  /** Probability that the provider takes the charge, and that the issuer then approves it. */
  readonly answers: number;
  readonly approves: number;
  /** What happens: drawn once, so that every policy meets the same luck. */
  readonly answered: boolean;
  readonly approved: boolean;
  /** Expected and real US dollars left for the merchant. */
  readonly expectedUsd: number;
  readonly realUsd: number;
}

export const MONTH_DAYS = 30;
const MONTH_CUSTOMERS = 3_000;
const OUTAGES: readonly Outage[] = [
  { provider: "northbank", fromDay: 9, toDay: 11.5 },
  { provider: "eurolane", fromDay: 19.25, toDay: 20.5 },
];
/** Added to the approval probability at the end of the month, in proportion before. */
const DRIFT: Readonly<Record<string, number>> = { swiftacquire: -0.08, atlaspay: 0.03 };

export function simulateMonth(seed: number): Month {
  const startMs = Date.UTC(2026, 2, 2);
  const world = generateWorld({ seed, days: MONTH_DAYS, customers: MONTH_CUSTOMERS, startMs });
  const payments: MonthPayment[] = [];
  for (const payment of world.payments(0, MONTH_DAYS)) {
    const card = world.cardById.get(payment.paymentMethodId)!;
    const merchant = world.merchantById.get(payment.merchantId)!;
    const key = `${seed}/${payment.index}`;
    const terms = {
      amountMinor: BigInt(payment.amountMinor),
      currency: payment.currency,
      network: card.network,
      issuerCountry: card.issuerCountry,
      merchantCountry: merchant.country,
      occurredAtMs: payment.occurredAtMs,
    };
    const day = (payment.occurredAtMs - startMs) / DAY_MS;
    payments.push({
      ...terms,
      key,
      day,
      amountUsd: toReferenceUsd(terms.amountMinor, terms.currency),
      options: ACQUIRER_PROFILES.map((profile) => optionOf(profile, terms, key, day)),
    });
  }
  return { payments, outages: OUTAGES, days: MONTH_DAYS, startMs };
}

function optionOf(
  profile: AcquirerProfile,
  terms: Parameters<typeof approvalProbability>[1],
  key: string,
  day: number,
): MonthOption {
  const out = OUTAGES.some(({ provider, fromDay, toDay }) =>
    provider === profile.name && day >= fromDay && day < toDay
  );
  const answers = out ? 0 : 1 - plannedRefusalShare(profile.plannedOutages, terms.occurredAtMs);
  const drift = (DRIFT[profile.name] ?? 0) * day / MONTH_DAYS;
  const approves = Math.min(0.99, Math.max(0.02, approvalProbability(profile, terms) + drift));
  const feeMinor = acquirerFeeMinor(profile, terms);
  const leftUsd = toReferenceUsd(terms.amountMinor - feeMinor, terms.currency);
  const answered = unitHash(`${key}/${profile.name}`, "answers") < answers;
  const approved = answered && unitHash(`${key}/${profile.name}`, "approves") < approves;
  return {
    provider: profile.name,
    feeMinor,
    answers,
    approves,
    answered,
    approved,
    expectedUsd: answers * approves * leftUsd,
    realUsd: approved ? leftUsd : 0,
  };
}
