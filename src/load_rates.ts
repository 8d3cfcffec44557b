import { pathToFileURL } from "node:url";
import { type Config, ConfigError } from "./config.ts";
import { type RateSource, readRates } from "./wallets/rates.ts";

const SHIPPED = new URL("../fixtures/rates/2026-01-02.json", import.meta.url);

/** The rates of RATES_FILE, else the shipped ones. Throws {@link ConfigError} for a file that is none. */
export async function loadRates({ ratesFile }: Pick<Config, "ratesFile">): Promise<RateSource> {
  if (ratesFile === null) return await readRates(SHIPPED);
  try {
    return await readRates(pathToFileURL(ratesFile));
  } catch (error) {
    throw new ConfigError(
      `RATES_FILE ${ratesFile} gives no rates: ${
        (error as Error).message.replace(/\.$/, "")
      }. Give it the form of ` +
        "fixtures/rates/2026-01-02.json, or unset RATES_FILE.",
      { code: "rates_unreadable" },
    );
  }
}
