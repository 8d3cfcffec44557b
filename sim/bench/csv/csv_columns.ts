import { DatasetError } from "./dataset_error.ts";

/** What a file of payments may tell, by the names that a header may have for it; only letters and digits count. */
export interface CsvColumn {
  readonly names: readonly string[];
  readonly isNeeded: boolean;
  readonly about: string;
}

/**
 * The mapping from a file's columns to a payment. The first six make a list of card payments; the rest is read where it
 * is there. The order of columns does not matter, and columns that nobody knows are left alone.
 */
export const CSV_COLUMNS = {
  txId: {
    names: ["tx_id", "transaction_id", "payment_id", "trans_num"],
    isNeeded: true,
    about: "unique; later ones are refused",
  },
  epochS: {
    names: ["epoch_s", "unix_time", "timestamp", "tx_datetime", "datetime"],
    isNeeded: true,
    about:
      "seconds since 1970, fractions allowed, or a date-time, UTC without an offset; rows may come in any order",
  },
  customerId: { names: ["customer_id", "cc_num"], isNeeded: true, about: "who pays" },
  terminalId: { names: ["terminal_id", "merchant_id", "merchant"], isNeeded: true, about: "who is paid" },
  amount: {
    names: ["amount", "tx_amount", "transaction_amount", "amt"],
    isNeeded: true,
    about: "in one currency for the whole file, US dollars for preference; not negative",
  },
  fraud: { names: ["fraud", "tx_fraud", "is_fraud"], isNeeded: true, about: "0 or 1, the truth" },
  cardId: { names: ["card_id"], isNeeded: false, about: "the card; the customer stands in for it" },
  deviceId: { names: ["device_id"], isNeeded: false, about: "empty for none" },
  addressId: { names: ["address_id"], isNeeded: false, about: "where the goods go, empty for none" },
  country: { names: ["country"], isNeeded: false, about: "where the payment comes from" },
  category: { names: ["category", "merchant_category"], isNeeded: false, about: "of the merchant" },
  merchantCountry: { names: ["merchant_country"], isNeeded: false, about: "of the merchant" },
  customerCountry: { names: ["customer_country"], isNeeded: false, about: "of the customer" },
  cardCountry: { names: ["card_country"], isNeeded: false, about: "of the card's issuer" },
  customerSinceS: {
    names: ["customer_since_s"],
    isNeeded: false,
    about: "seconds since 1970; the first payment stands in for it",
  },
  labelFraud: {
    names: ["label_fraud"],
    isNeeded: false,
    about: "what was reported, 0 or 1, where that is not the truth; needs label_known_at_s",
  },
  labelKnownAtS: {
    names: ["label_known_at_s"],
    isNeeded: false,
    about:
      "when the label became known, empty for never, needs label_fraud; without both all labels are right and known after the delay",
  },
  story: {
    names: ["story", "scenario_name", "tx_fraud_scenario", "scenario"],
    isNeeded: false,
    about: "kind of fraud, for recall by kind",
  },
  posterior: {
    names: ["posterior"],
    isNeeded: false,
    about: "attainable probability of fraud, for the oracle",
  },
} as const satisfies Record<string, CsvColumn>;

export type CsvField = keyof typeof CSV_COLUMNS;

/** Which place each field has in the file's header; −1 for those that are not there. */
export function placesOf(header: readonly string[], path: string): Record<CsvField, number> {
  const names = header.map(plain);
  const places = Object.fromEntries(
    Object.entries(CSV_COLUMNS).map(([field, column]) => {
      const spellings = column.names.map(plain);
      const [place = -1, again] = [...names.keys()].filter((at) => spellings.includes(names[at]));
      if (again !== undefined) {
        const [one, other] = [header[place].trim(), header[again].trim()];
        throw wrongHeader(
          path,
          `columns ${place + 1} and ${again + 1} are both "${column.names[0]}"${
            one === other ? "" : `, called "${one}" and "${other}"`
          }. Rename or leave out one of them`,
        );
      }
      return [field, place];
    }),
  ) as Record<CsvField, number>;
  const missing = Object.entries(CSV_COLUMNS)
    .filter(([field, { isNeeded }]) => isNeeded && places[field as CsvField] < 0)
    .map(([, { names }]) => names.join(" or "));
  if (missing.length > 0) {
    throw wrongHeader(
      path,
      `no column ${missing.join(", and none ")}. The header is "${shortened(header.join(","))}". ` +
        `Rename the columns; sim/bench/README.md lists all that are read`,
    );
  }
  if (places.labelFraud >= 0 && places.labelKnownAtS < 0) {
    throw wrongHeader(path, "label_fraud needs label_known_at_s beside it. Add it, or rename label_fraud");
  }
  if (places.labelKnownAtS >= 0 && places.labelFraud < 0) {
    throw wrongHeader(
      path,
      "label_known_at_s needs label_fraud beside it, which says what was reported then. Add it (a copy of the fraud column " +
        "where every report was right), or rename label_known_at_s, and labels become known after --label-delay-days",
    );
  }
  return places;
}

/** `TX_ID`, `txId` and `tx id` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

const MOST_SHOWN = 300;

function shortened(text: string): string {
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}…`;
}

function wrongHeader(path: string, what: string): DatasetError {
  return new DatasetError("dataset_wrong_header", `${path}, header: ${what}.`);
}
