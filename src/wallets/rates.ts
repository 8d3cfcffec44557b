import { CURRENCIES, currencyOf } from "../core/money.ts";

/** One unit of `from` is worth `numerator / denominator` units of `to`: exact, so that money is never a float. */
export interface Rate {
  readonly numerator: bigint;
  readonly denominator: bigint;
  /** The day the rate is of. */
  readonly date: string;
  readonly source: string;
}

/** Where rates come from. The default is a dated table of fixtures/rates; a market feed is another one of these. */
export interface RateSource {
  /** In major units. */
  rate(from: string, to: string): Rate;
}

/** What a conversion moves. Both divisions round against the one who converts, so the conversion account gains. */
export interface Conversion {
  readonly debitedMinor: bigint;
  readonly creditedMinor: bigint;
  readonly rate: Rate;
}

/** From a table of what one unit of each currency is worth in dollars, as decimal texts. */
export function tableRates(
  table: { date: string; source: string; usdForOne: Record<string, string> },
): RateSource {
  const parts = new Map(Object.entries(table.usdForOne).map(([code, text]) => [code, fractionOf(text)]));
  return {
    rate: (from, to) => {
      const [a, b] = [parts.get(from), parts.get(to)];
      if (a === undefined || b === undefined) {
        throw new Error(`The rates of ${table.date} have no ${a === undefined ? from : to}`);
      }
      return {
        numerator: a.numerator * b.denominator,
        denominator: a.denominator * b.numerator,
        date: table.date,
        source: table.source,
      };
    },
  };
}

const RATE = /^\d{1,6}(\.\d{1,9})?$/;

/** Reads a table as in fixtures/rates; refuses one without date or source, or that lacks a currency this server books. */
export async function readRates(file: URL): Promise<RateSource> {
  const { date, source, usd_for_one: usdForOne } = JSON.parse(await Deno.readTextFile(file)) ?? {};
  if (typeof date !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(date)) {
    throw new Error('The rates have no date such as "2026-01-02"');
  }
  if (typeof source !== "string" || source === "") {
    throw new Error("The rates do not say where they come from");
  }
  const missing = Object.keys(CURRENCIES).filter((code) => !isRate(usdForOne?.[code]));
  if (missing.length > 0) {
    throw new Error(`The rates of ${date} lack ${missing.join(", ")}, or have them malformed`);
  }
  return tableRates({ date, source, usdForOne });
}

/** A text, so that nothing was rounded before it came here; and more than nothing, as it divides. */
function isRate(text: unknown): text is string {
  return typeof text === "string" && RATE.test(text) && /[1-9]/.test(text);
}

/** What `debitedMinor` of one currency buys: rounded down to the receiver's smallest unit. */
export function convertDebit(debitedMinor: bigint, from: string, to: string, rate: Rate): Conversion {
  const [up, down] = minorFactors(from, to, rate);
  return { debitedMinor, creditedMinor: (debitedMinor * up) / down, rate };
}

/** What `creditedMinor` costs: rounded up to the sender's smallest unit. */
export function convertCredit(creditedMinor: bigint, from: string, to: string, rate: Rate): Conversion {
  const [up, down] = minorFactors(from, to, rate);
  return { debitedMinor: (creditedMinor * down + up - 1n) / up, creditedMinor, rate };
}

/** The rate as an answer shows it: eight significant digits, cut, never used for booking. */
export function showRate({ numerator, denominator }: Rate): string {
  return (Number(numerator) / Number(denominator)).toPrecision(8).replace(/(\.\d*?)0+$/, "$1").replace(
    /\.$/,
    "",
  );
}

function minorFactors(from: string, to: string, { numerator, denominator }: Rate): [bigint, bigint] {
  const up = numerator * 10n ** BigInt(currencyOf(to).exponent);
  const down = denominator * 10n ** BigInt(currencyOf(from).exponent);
  return [up, down];
}

function fractionOf(text: string): { numerator: bigint; denominator: bigint } {
  const [whole, digits = ""] = text.split(".");
  const numerator = BigInt(whole + digits);
  if (numerator === 0n) throw new Error(`A rate of ${text} is no rate`);
  return { numerator, denominator: 10n ** BigInt(digits.length) };
}
