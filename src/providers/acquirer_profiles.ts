/**
 * The simulated acquirers: how likely each gets a charge approved, how long it takes, and what it costs. Each is
 * better at something, so routing has something to find.
 */
export interface AcquirerProfile {
  readonly name: string;
  readonly about: string;
  /** Approval probability of an ordinary domestic charge, by card network. */
  readonly approvalByNetwork: Readonly<Record<string, number>>;
  /** Taken off where the card's issuer is in another country than the merchant. */
  readonly crossBorderPenalty: number;
  /** Taken off for each factor of ten of the amount above 100 US dollars. */
  readonly largeAmountPenalty: number;
  /** Latency: log-normal with this median and this 99th percentile. */
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  /** Fee in basis points (hundredths of a percent) of the amount, and in addition abroad. */
  readonly feeBasisPoints: bigint;
  readonly crossBorderFeeBasisPoints: bigint;
  /** Fixed part of the fee in US cents, converted at the reference rate. */
  readonly fixedFeeUsdCents: number;
}

export const ACQUIRER_PROFILES: readonly AcquirerProfile[] = [
  {
    name: "northbank",
    about: "A large domestic acquirer: dependable, dear across borders.",
    approvalByNetwork: { visa: 0.965, mastercard: 0.955, amex: 0.9, discover: 0.93 },
    crossBorderPenalty: 0.09,
    largeAmountPenalty: 0.03,
    latencyMsP50: 38,
    latencyMsP99: 140,
    feeBasisPoints: 190n,
    crossBorderFeeBasisPoints: 150n,
    fixedFeeUsdCents: 10,
  },
  {
    name: "swiftacquire",
    about: "A cheap and fast newcomer: fewer approvals, above all of large amounts.",
    approvalByNetwork: { visa: 0.945, mastercard: 0.95, amex: 0.82, discover: 0.88 },
    crossBorderPenalty: 0.06,
    largeAmountPenalty: 0.06,
    latencyMsP50: 22,
    latencyMsP99: 95,
    feeBasisPoints: 140n,
    crossBorderFeeBasisPoints: 80n,
    fixedFeeUsdCents: 5,
  },
  {
    name: "atlaspay",
    about: "At home abroad: best across borders and with amex, slower and dearer.",
    approvalByNetwork: { visa: 0.955, mastercard: 0.95, amex: 0.945, discover: 0.9 },
    crossBorderPenalty: 0.02,
    largeAmountPenalty: 0.02,
    latencyMsP50: 55,
    latencyMsP99: 210,
    feeBasisPoints: 230n,
    crossBorderFeeBasisPoints: 40n,
    fixedFeeUsdCents: 15,
  },
];
