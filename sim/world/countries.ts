/** Where customers and merchants live. Shares are made up, rounded from nothing in particular. */
export interface Country {
  readonly code: string;
  readonly currency: string;
  readonly share: number;
  /** One zone a country and no daylight saving: enough for day and night to differ between countries. */
  readonly utcOffsetHours: number;
  /** Which of faker's languages names its people. */
  readonly language: "en" | "de" | "fr" | "es" | "pt_BR" | "sv";
  /** Roughly its middle and half its width, in degrees: where its cities lie. */
  readonly latitude: number;
  readonly longitude: number;
  readonly spreadDegrees: number;
  /** Month and day of a day off on which people shop less in person and more at home. */
  readonly dayOff: readonly [month: number, day: number];
}

const country = (
  code: string,
  currency: string,
  share: number,
  utcOffsetHours: number,
  language: Country["language"],
  [latitude, longitude, spreadDegrees]: readonly [number, number, number],
  dayOff: readonly [number, number],
): Country => ({
  code,
  currency,
  share,
  utcOffsetHours,
  language,
  latitude,
  longitude,
  spreadDegrees,
  dayOff,
});

export const COUNTRIES: readonly Country[] = [
  country("US", "USD", 36, -6, "en", [39, -96, 8], [7, 4]),
  country("GB", "GBP", 12, 0, "en", [52.5, -1.5, 1.5], [5, 4]),
  country("DE", "EUR", 11, 1, "de", [51, 10, 2.5], [10, 3]),
  country("FR", "EUR", 8, 1, "fr", [46.8, 2.5, 2.5], [7, 14]),
  country("CA", "CAD", 6, -5, "en", [46, -78, 4], [7, 1]),
  country("AU", "AUD", 5, 10, "en", [-33, 148, 4], [1, 26]),
  country("BR", "BRL", 5, -3, "pt_BR", [-20, -46, 5], [9, 7]),
  country("IN", "INR", 4, 5.5, "en", [21, 78, 6], [8, 15]),
  country("MX", "MXN", 3, -6, "es", [21, -101, 3], [9, 16]),
  country("JP", "JPY", 3, 9, "en", [35.7, 138, 2], [5, 3]),
  country("SE", "SEK", 2, 1, "sv", [59, 16, 2], [6, 6]),
  country("CH", "CHF", 2, 1, "de", [47, 8, 0.7], [8, 1]),
  country("SG", "SGD", 1, 8, "en", [1.35, 103.8, 0.1], [8, 9]),
  country("KR", "KRW", 1, 9, "en", [36.5, 127.8, 1], [8, 15]),
  country("KW", "KWD", 0.5, 3, "en", [29.3, 47.9, 0.2], [2, 25]),
  country("BH", "BHD", 0.5, 3, "en", [26.1, 50.5, 0.1], [12, 16]),
];

export const COUNTRY_SHARES: readonly number[] = COUNTRIES.map((country) => country.share);

/** Every currency of a world, once; payments name one by its place here. */
export const CURRENCY_CODES: readonly string[] = [...new Set(COUNTRIES.map(({ currency }) => currency))];

/** For each country, the place of its currency in {@link CURRENCY_CODES}. */
export const CURRENCY_OF_COUNTRY = Uint8Array.from(
  COUNTRIES,
  ({ currency }) => CURRENCY_CODES.indexOf(currency),
);
