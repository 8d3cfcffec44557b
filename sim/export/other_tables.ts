import type { RefundRequest } from "../world/refunds.ts";
import type { WalletTransfer } from "../world/transfers.ts";
import type { SimCard, SimCustomer, SimMerchant } from "../world/types.ts";
import type { Column, Table } from "./table.ts";

/** Reports and truth stand last in each stream, by the same names. */
const judged: Table<Pick<RefundRequest | WalletTransfer, "truth" | "labelKnownAtMs" | "labelFraud">> = [
  { name: "label_fraud", type: "INT32", of: ({ labelFraud }) => labelFraud ? 1 : 0 },
  {
    name: "label_known_at_s",
    type: "DOUBLE",
    of: ({ labelKnownAtMs }) => labelKnownAtMs === null ? null : labelKnownAtMs / 1000,
  },
  { name: "fraud", type: "INT32", of: ({ truth }) => truth.fraud ? 1 : 0 },
  { name: "story", type: "STRING", of: ({ truth }) => truth.story },
  { name: "posterior", type: "DOUBLE", of: ({ truth }) => truth.posterior },
];

export const REFUND_TABLE: Table<RefundRequest> = [
  { name: "tx_id", type: "INT64", of: (refund) => refund.paymentIndex },
  { name: "epoch_s", type: "DOUBLE", of: (refund) => refund.requestedAtMs / 1000 },
  { name: "customer_id", type: "STRING", of: (refund) => refund.customerId },
  { name: "terminal_id", type: "STRING", of: (refund) => refund.merchantId },
  { name: "amount_minor", type: "INT64", of: (refund) => refund.amountMinor },
  { name: "currency", type: "STRING", of: (refund) => refund.currency },
  { name: "reason", type: "STRING", of: (refund) => refund.reason },
  ...judged,
];

export const TRANSFER_TABLE: Table<WalletTransfer> = [
  { name: "transfer_id", type: "INT64", of: (transfer) => transfer.index },
  { name: "epoch_s", type: "DOUBLE", of: (transfer) => transfer.occurredAtMs / 1000 },
  { name: "from_customer_id", type: "STRING", of: (transfer) => transfer.fromCustomerId },
  { name: "to_customer_id", type: "STRING", of: (transfer) => transfer.toCustomerId },
  { name: "amount_minor", type: "INT64", of: (transfer) => transfer.amountMinor },
  { name: "currency", type: "STRING", of: (transfer) => transfer.currency },
  { name: "memo", type: "STRING", of: (transfer) => transfer.memo },
  ...judged,
  { name: "looks_like", type: "STRING", of: ({ truth }) => truth.looksLike },
  { name: "tactic", type: "STRING", of: ({ truth }) => truth.tactic },
  { name: "episode", type: "INT64", of: ({ truth }) => truth.episode },
];

export const CUSTOMER_TABLE: Table<SimCustomer> = [
  ...texts<SimCustomer>({
    customer_id: "customerId",
    name: "name",
    country: "country",
    currency: "currency",
  }),
  { name: "since_s", type: "DOUBLE", of: ({ sinceMs }) => sinceMs / 1000 },
  { name: "latitude", type: "DOUBLE", of: ({ latitude }) => latitude },
  { name: "longitude", type: "DOUBLE", of: ({ longitude }) => longitude },
  { name: "income_usd", type: "DOUBLE", of: ({ incomeUsd }) => incomeUsd },
];

export const MERCHANT_TABLE: Table<SimMerchant> = [
  ...texts<SimMerchant>({
    terminal_id: "merchantId",
    name: "name",
    category: "category",
    country: "country",
    currency: "currency",
  }),
  { name: "online_only", type: "INT32", of: (merchant) => merchant.global ? 1 : 0 },
  { name: "latitude", type: "DOUBLE", of: ({ latitude }) => latitude },
  { name: "longitude", type: "DOUBLE", of: ({ longitude }) => longitude },
  { name: "opens_hour", type: "DOUBLE", of: ({ opens }) => opens },
  { name: "closes_hour", type: "DOUBLE", of: ({ closes }) => closes },
];

export const CARD_TABLE: Table<SimCard> = texts<SimCard>({
  card_id: "paymentMethodId",
  customer_id: "customerId",
  network: "network",
  issuer: "issuer",
  issuer_country: "issuerCountry",
  last4: "last4",
});

function texts<Row>(names: Readonly<Record<string, keyof Row>>): Column<Row>[] {
  return Object.entries(names).map(([name, key]) => ({
    name,
    type: "STRING" as const,
    of: (row: Row) => row[key] as string,
  }));
}
