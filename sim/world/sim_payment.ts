import { tacticName } from "../fraud/adaptation.ts";
import { STORY_NAMES } from "../fraud/story_names.ts";
import { COUNTRIES, CURRENCY_CODES } from "./countries.ts";
import { addressIdOf, deviceIdOf, ipAddressOf } from "./ids.ts";
import { NO_REPORT, type PaymentColumns } from "./payment_columns.ts";
import { CHANNELS, type SimCard, type SimCustomer, type SimMerchant, type SimPayment } from "./types.ts";

/** The people, shops and cards that the numbers in the columns point at. */
export interface Records {
  readonly customers: readonly SimCustomer[];
  readonly merchants: readonly SimMerchant[];
  readonly cards: readonly SimCard[];
}

/** One row of the columns as an object with ids, for those who look at payments one at a time. */
export function simPayment(
  columns: PaymentColumns,
  row: number,
  index: number,
  records: Records,
): SimPayment {
  const story = columns.story[row];
  const fraud = columns.fraud[row] === 1;
  const reportedAtMs = columns.labelKnownAtMs[row];
  return {
    index,
    occurredAtMs: columns.occurredAtMs[row],
    customerId: records.customers[columns.customer[row]].customerId,
    paymentMethodId: records.cards[columns.card[row]].paymentMethodId,
    merchantId: records.merchants[columns.merchant[row]].merchantId,
    deviceId: deviceIdOf(columns.device[row]),
    addressId: addressIdOf(columns.address[row]),
    ipAddress: ipAddressOf(columns.network[row]),
    country: COUNTRIES[columns.country[row]].code,
    currency: CURRENCY_CODES[columns.currency[row]],
    amountMinor: columns.amountMinor[row],
    method: "card",
    channel: CHANNELS[columns.channel[row]],
    truth: {
      fraud,
      story: fraud ? STORY_NAMES[story - 1] : null,
      looksLike: story === 0 ? null : STORY_NAMES[story - 1],
      episode: columns.episode[row],
      tactic: story === 0 ? null : tacticName(story, columns.tactic[row]),
      posterior: columns.posterior[row],
    },
    labelKnownAtMs: reportedAtMs === NO_REPORT ? null : reportedAtMs,
    labelFraud: columns.labelFraud[row] === 1,
  };
}
