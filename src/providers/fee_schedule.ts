import { CURRENCIES } from "../core/money.ts";
import type { FeeSchedule } from "./acquirer_profiles.ts";
import type { ChargeTerms } from "./provider.ts";

/**
 * The fee for a captured amount. The variable part and the fixed part are each rounded up to the minor unit, in the
 * provider's favour; the fee is never above the amount.
 */
export function acquirerFeeMinor({ fees }: { readonly fees: FeeSchedule }, terms: ChargeTerms): bigint {
  const basisPoints = fees.basisPoints + borderBasisPoints(fees, terms) +
    (fees.basisPointsByNetwork[terms.network] ?? 0n);
  const variable = (terms.amountMinor * basisPoints + 9_999n) / 10_000n;
  const feeMinor = variable + fixedFeeMinor(fees, terms.currency);
  return feeMinor > terms.amountMinor ? terms.amountMinor : feeMinor;
}

function borderBasisPoints(fees: FeeSchedule, { issuerCountry, merchantCountry }: ChargeTerms): bigint {
  if (issuerCountry === merchantCountry) return 0n;
  return EUROPE.has(issuerCountry) && EUROPE.has(merchantCountry)
    ? fees.sameRegionBasisPoints
    : fees.crossBorderBasisPoints;
}

/** The one region within which acquirers have prices of their own. */
const EUROPE = new Set(["DE", "FR", "GB", "SE", "CH"]);

function fixedFeeMinor(fees: FeeSchedule, currency: string): bigint {
  // A price list's entry, rounded up once to the currency's minor unit; an integer from here on.
  const { exponent, referenceUsd } = CURRENCIES[currency];
  return BigInt(Math.ceil(((fees.fixedUsdCents / 100) / referenceUsd) * 10 ** exponent));
}
