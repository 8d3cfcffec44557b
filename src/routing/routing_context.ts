import { toReferenceUsd } from "../core/money.ts";

/** What is known of a charge before a provider is chosen. */
export interface RouteTerms {
  readonly method: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly network: string;
  readonly issuerCountry: string;
  readonly merchantCountry: string;
}

/**
 * The kind of charge that past outcomes are counted by: method and network, the issuer's country, whether a border
 * lies between it and the merchant, the band of the amount.
 */
export interface RoutingContext {
  readonly method: string;
  readonly network: string;
  readonly country: string;
  readonly border: "home" | "abroad";
  readonly band: string;
}

/** Upper bounds in US dollars at the reference rate. */
const BANDS: readonly [name: string, belowUsd: number][] = [
  ["under_30", 30],
  ["under_100", 100],
  ["under_300", 300],
  ["under_1000", 1_000],
];

export function contextOf(terms: RouteTerms): RoutingContext {
  const amountUsd = toReferenceUsd(terms.amountMinor, terms.currency);
  return {
    method: terms.method,
    network: terms.network,
    country: terms.issuerCountry,
    border: terms.issuerCountry === terms.merchantCountry ? "home" : "abroad",
    band: BANDS.find(([, belowUsd]) => amountUsd < belowUsd)?.[0] ?? "from_1000",
  };
}

/** The context as the statistics' key. */
export function contextKey({ method, network, country, border, band }: RoutingContext): string {
  return `${method}/${network}/${country}/${border}/${band}`;
}

export function contextOfKey(key: string): RoutingContext {
  const [method, network, country, border, band] = key.split("/");
  return { method, network, country, border: border as RoutingContext["border"], band };
}
