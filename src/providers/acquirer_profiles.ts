import type { OutageWindow } from "./outage_schedule.ts";

/**
 * The simulated acquirers: how likely each gets a charge approved, how long it takes, and what it costs. Each is
 * better at something, so routing has something to find.
 */
export interface AcquirerProfile {
  readonly name: string;
  readonly about: string;
  /** Approval probability of an ordinary domestic charge, by card network. */
  readonly approvalByNetwork: Readonly<Record<string, number>>;
  /** Added for cards issued in these countries: an acquirer's own connections to issuers. */
  readonly approvalByIssuerCountry: Readonly<Record<string, number>>;
  /** Taken off where the card's issuer is in another country than the merchant. */
  readonly crossBorderPenalty: number;
  /** Taken off for each factor of ten of the amount above 100 US dollars. */
  readonly largeAmountPenalty: number;
  /** Taken off within some hours of each day, UTC: from the first, before the second. */
  readonly weakHours: { readonly fromHour: number; readonly toHour: number; readonly penalty: number };
  /** Latency: log-normal with this median and this 99th percentile; one charge in a thousand is in the tail. */
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  readonly fees: FeeSchedule;
  /** Whether it can ask an issuer for 3-D Secure. */
  readonly threeDSecure: boolean;
  /** Announced outages and brown-outs, each week again. */
  readonly plannedOutages: readonly OutageWindow[];
}

/** A price list: basis points (hundredths of a percent) of the amount, and a fixed part. */
export interface FeeSchedule {
  readonly basisPoints: bigint;
  /** In addition where card and merchant are in two countries of one region, or of two regions. */
  readonly sameRegionBasisPoints: bigint;
  readonly crossBorderBasisPoints: bigint;
  /** In addition for cards of some networks. */
  readonly basisPointsByNetwork: Readonly<Record<string, bigint>>;
  /** In US cents, converted at the reference rate. */
  readonly fixedUsdCents: number;
}

export const ACQUIRER_PROFILES: readonly AcquirerProfile[] = [
  {
    name: "northbank",
    about: "A large domestic acquirer: dependable, best in North America, dear across borders.",
    approvalByNetwork: { visa: 0.955, mastercard: 0.945, amex: 0.9, discover: 0.95 },
    approvalByIssuerCountry: { US: 0.015, CA: 0.015, JP: -0.02, KR: -0.02 },
    crossBorderPenalty: 0.09,
    largeAmountPenalty: 0.015,
    weakHours: { fromHour: 2, toHour: 5, penalty: 0.03 },
    latencyMsP50: 38,
    latencyMsP99: 140,
    fees: {
      basisPoints: 190n,
      sameRegionBasisPoints: 150n,
      crossBorderBasisPoints: 150n,
      basisPointsByNetwork: { amex: 60n },
      fixedUsdCents: 10,
    },
    threeDSecure: true,
    plannedOutages: [{ weekday: 0, fromHour: 3, toHour: 4, kind: "outage" }],
  },
  {
    name: "swiftacquire",
    about: "A cheap and fast newcomer: fewer approvals, above all of large amounts, and at peak hours.",
    approvalByNetwork: { visa: 0.945, mastercard: 0.95, amex: 0.82, discover: 0.88 },
    approvalByIssuerCountry: { BR: 0.03, MX: 0.03, IN: 0.03 },
    crossBorderPenalty: 0.06,
    largeAmountPenalty: 0.06,
    weakHours: { fromHour: 17, toHour: 21, penalty: 0.025 },
    latencyMsP50: 22,
    latencyMsP99: 95,
    fees: {
      basisPoints: 140n,
      sameRegionBasisPoints: 60n,
      crossBorderBasisPoints: 80n,
      basisPointsByNetwork: { amex: 90n },
      fixedUsdCents: 5,
    },
    threeDSecure: false,
    plannedOutages: [{ weekday: 2, fromHour: 18, toHour: 19, kind: "brownout" }],
  },
  {
    name: "atlaspay",
    about: "At home abroad: best across borders and with amex, slower and dearer.",
    approvalByNetwork: { visa: 0.92, mastercard: 0.915, amex: 0.945, discover: 0.88 },
    approvalByIssuerCountry: { JP: 0.04, KR: 0.04, SG: 0.04, AU: 0.035, KW: 0.04, BH: 0.04 },
    crossBorderPenalty: 0.01,
    largeAmountPenalty: 0.045,
    weakHours: { fromHour: 9, toHour: 11, penalty: 0.01 },
    latencyMsP50: 55,
    latencyMsP99: 210,
    fees: {
      basisPoints: 230n,
      sameRegionBasisPoints: 20n,
      crossBorderBasisPoints: 40n,
      basisPointsByNetwork: {},
      fixedUsdCents: 15,
    },
    threeDSecure: true,
    plannedOutages: [],
  },
  {
    name: "eurolane",
    about: "A European processor: most approvals and the lowest price within Europe, little use elsewhere.",
    approvalByNetwork: { visa: 0.915, mastercard: 0.92, amex: 0.85, discover: 0.8 },
    approvalByIssuerCountry: { DE: 0.055, FR: 0.055, GB: 0.045, SE: 0.05, CH: 0.05 },
    crossBorderPenalty: 0.06,
    largeAmountPenalty: 0.02,
    weakHours: { fromHour: 22, toHour: 24, penalty: 0.02 },
    latencyMsP50: 30,
    latencyMsP99: 120,
    fees: {
      basisPoints: 130n,
      sameRegionBasisPoints: 30n,
      crossBorderBasisPoints: 120n,
      basisPointsByNetwork: { amex: 80n, discover: 60n },
      fixedUsdCents: 12,
    },
    threeDSecure: true,
    plannedOutages: [{ weekday: 6, fromHour: 1, toHour: 3, kind: "brownout" }],
  },
];

export function profileOf(name: string): AcquirerProfile | undefined {
  return ACQUIRER_PROFILES.find((profile) => profile.name === name);
}
