import { toReferenceUsd } from "../../src/core/money.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { tacticName } from "../fraud/adaptation.ts";
import { STORY_NAMES } from "../fraud/story_names.ts";
import { CATEGORIES } from "../world/categories.ts";
import { COUNTRIES, CURRENCY_CODES } from "../world/countries.ts";
import { addressIdOf, cardIdOf, customerIdOf, deviceIdOf, ipAddressOf, merchantIdOf } from "../world/ids.ts";
import { NO_REPORT, type PaymentColumns } from "../world/payment_columns.ts";
import type { Society } from "../world/society.ts";
import { CHANNELS } from "../world/types.ts";
import { INDEX_STEP_PER_DAY } from "../world/world.ts";
import type { Table } from "./table.ts";

/** A place in a day's columns. */
export interface PaymentCursor {
  columns: PaymentColumns;
  row: number;
  day: number;
}

/**
 * Payments as a table. The first six columns are what any list of card payments has; `amount` is in US dollars at the
 * reference rate, because sums in fifteen currencies cannot be compared. The columns from `label_fraud` on are what is
 * reported and what is true: nobody who decides about the payment knows them.
 */
export function paymentTable({ people, merchants, cards, startMs }: Society): Table<PaymentCursor> {
  const merchantOf = ({ columns, row }: PaymentCursor) => columns.merchant[row];
  return [
    { name: "tx_id", type: "INT64", of: ({ day, row }) => day * INDEX_STEP_PER_DAY + row },
    { name: "epoch_s", type: "DOUBLE", of: ({ columns, row }) => columns.occurredAtMs[row] / 1000 },
    { name: "customer_id", type: "STRING", of: ({ columns, row }) => customerIdOf(columns.customer[row]) },
    { name: "terminal_id", type: "STRING", of: (at) => merchantIdOf(merchantOf(at)) },
    {
      name: "amount",
      type: "DOUBLE",
      of: ({ columns, row }) =>
        toReferenceUsd(columns.amountMinor[row], CURRENCY_CODES[columns.currency[row]]),
    },
    { name: "fraud", type: "INT32", of: ({ columns, row }) => columns.fraud[row] },
    { name: "amount_minor", type: "INT64", of: ({ columns, row }) => columns.amountMinor[row] },
    { name: "currency", type: "STRING", of: ({ columns, row }) => CURRENCY_CODES[columns.currency[row]] },
    {
      name: "card_id",
      type: "STRING",
      of: ({ columns, row }) =>
        cardIdOf(columns.customer[row], columns.card[row] - cards.first[columns.customer[row]]),
    },
    { name: "device_id", type: "STRING", of: ({ columns, row }) => deviceIdOf(columns.device[row]) },
    { name: "address_id", type: "STRING", of: ({ columns, row }) => addressIdOf(columns.address[row]) },
    { name: "ip_address", type: "STRING", of: ({ columns, row }) => ipAddressOf(columns.network[row]) },
    { name: "country", type: "STRING", of: ({ columns, row }) => COUNTRIES[columns.country[row]].code },
    { name: "channel", type: "STRING", of: ({ columns, row }) => CHANNELS[columns.channel[row]] },
    { name: "category", type: "STRING", of: (at) => CATEGORIES[merchants.category[merchantOf(at)]].name },
    {
      name: "merchant_country",
      type: "STRING",
      of: (at) => COUNTRIES[merchants.country[merchantOf(at)]].code,
    },
    {
      name: "customer_country",
      type: "STRING",
      of: ({ columns, row }) => COUNTRIES[people.country[columns.customer[row]]].code,
    },
    {
      name: "card_country",
      type: "STRING",
      of: ({ columns, row }) => COUNTRIES[cards.issuerCountry[columns.card[row]]].code,
    },
    {
      name: "customer_since_s",
      type: "DOUBLE",
      of: ({ columns, row }) =>
        (startMs + Math.floor(people.sinceDay[columns.customer[row]] * DAY_MS)) / 1000,
    },
    { name: "label_fraud", type: "INT32", of: ({ columns, row }) => columns.labelFraud[row] },
    {
      name: "label_known_at_s",
      type: "DOUBLE",
      of: ({ columns, row }) =>
        columns.labelKnownAtMs[row] === NO_REPORT ? null : columns.labelKnownAtMs[row] / 1000,
    },
    {
      name: "story",
      type: "STRING",
      of: ({ columns, row }) => columns.fraud[row] === 1 ? STORY_NAMES[columns.story[row] - 1] : null,
    },
    {
      name: "looks_like",
      type: "STRING",
      of: ({ columns, row }) => columns.story[row] === 0 ? null : STORY_NAMES[columns.story[row] - 1],
    },
    {
      name: "tactic",
      type: "STRING",
      of: ({ columns, row }) =>
        columns.story[row] === 0 ? null : tacticName(columns.story[row], columns.tactic[row]),
    },
    { name: "episode", type: "INT64", of: ({ columns, row }) => columns.episode[row] },
    { name: "posterior", type: "DOUBLE", of: ({ columns, row }) => columns.posterior[row] },
  ];
}
