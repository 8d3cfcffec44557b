/** Where customers and merchants live. Shares are made up, rounded from nothing in particular. */
export interface Country {
  readonly code: string;
  readonly currency: string;
  readonly share: number;
  /** One zone a country and no daylight saving: enough for day and night to differ between countries. */
  readonly utcOffsetHours: number;
  /** Which of faker's languages names its people. */
  readonly language: "en" | "de" | "fr" | "es" | "pt_BR" | "sv";
}

export const COUNTRIES: readonly Country[] = [
  { code: "US", currency: "USD", share: 36, utcOffsetHours: -6, language: "en" },
  { code: "GB", currency: "GBP", share: 12, utcOffsetHours: 0, language: "en" },
  { code: "DE", currency: "EUR", share: 11, utcOffsetHours: 1, language: "de" },
  { code: "FR", currency: "EUR", share: 8, utcOffsetHours: 1, language: "fr" },
  { code: "CA", currency: "CAD", share: 6, utcOffsetHours: -5, language: "en" },
  { code: "AU", currency: "AUD", share: 5, utcOffsetHours: 10, language: "en" },
  { code: "BR", currency: "BRL", share: 5, utcOffsetHours: -3, language: "pt_BR" },
  { code: "IN", currency: "INR", share: 4, utcOffsetHours: 5.5, language: "en" },
  { code: "MX", currency: "MXN", share: 3, utcOffsetHours: -6, language: "es" },
  { code: "JP", currency: "JPY", share: 3, utcOffsetHours: 9, language: "en" },
  { code: "SE", currency: "SEK", share: 2, utcOffsetHours: 1, language: "sv" },
  { code: "CH", currency: "CHF", share: 2, utcOffsetHours: 1, language: "de" },
  { code: "SG", currency: "SGD", share: 1, utcOffsetHours: 8, language: "en" },
  { code: "KR", currency: "KRW", share: 1, utcOffsetHours: 9, language: "en" },
  { code: "KW", currency: "KWD", share: 0.5, utcOffsetHours: 3, language: "en" },
  { code: "BH", currency: "BHD", share: 0.5, utcOffsetHours: 3, language: "en" },
];

export const COUNTRY_BY_CODE: ReadonlyMap<string, Country> = new Map(
  COUNTRIES.map((country) => [country.code, country]),
);

export const COUNTRY_SHARES: readonly number[] = COUNTRIES.map((country) => country.share);
