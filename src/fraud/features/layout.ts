import type { EntityKind } from "./event.ts";

/**
 * The slots of each entity's state, a flat `Float64Array`: numbers first, then 32-bit integers, which are hashes,
 * counts or whole seconds since the epoch. Any change here is a change of {@link LAYOUT_VERSION}, and with it of
 * the feature hash: states and models of the old layout are refused, not misread.
 *
 * A field such as `count1h` is a decayed count with the window of one hour, `usd24h` a decayed sum of US dollars,
 * `ln30d` and `lnSquared30d` decayed sums of the amount's logarithm and its square. Sums of payments stand as of
 * `lastEventAtMs`, sums of labels (`fraud30d`, `genuine90d` and the like) as of `lastLabelAtMs`.
 */
export const LAYOUT_VERSION = 2;

/** Slots that every kind has in the same place. */
export const COMMON = {
  layoutTag: 0,
  lastEventAtMs: 1,
  firstEventAtMs: 2,
  /** 0 when no label is known. */
  lastLabelAtMs: 3,
  /** Decayed count of the payments known to be fraud, from the instant when it became known. */
  fraud30d: 4,
} as const;

export const CUSTOMER = {
  ...COMMON,
  count10m: 5,
  count1h: 6,
  count24h: 7,
  count7d: 8,
  count30d: 9,
  usd24h: 10,
  usd7d: 11,
  usd30d: 12,
  ln30d: 13,
  lnSquared30d: 14,
  hourCos30d: 15,
  hourSin30d: 16,
  foreign30d: 17,
  newDevices7d: 18,
  newMerchants24h: 19,
  /** The usual amount in US dollars, and how much weight stands behind it (usual_amount.ts). */
  usualUsd: 20,
  usualWeight: 21,
  unusual3d: 22,
  unusual7d: 23,
  unusual14d: 24,
  genuine90d: 25,
  genuineUsd90d: 26,
  lastFraudS: 27,
  devices: 28,
  merchants: 36,
  countries: 52,
  categories: 56,
  addresses: 64,
} as const;

export const CARD = {
  ...COMMON,
  count10m: 5,
  count1h: 6,
  count24h: 7,
  count30d: 8,
  usd24h: 9,
  small1h: 10,
  small24h: 11,
  newMerchants24h: 12,
  newDevices24h: 13,
  ln30d: 14,
  lnSquared30d: 15,
  lastFraudS: 16,
  lastCountry: 17,
  merchants: 18,
  devices: 26,
} as const;

export const DEVICE = {
  ...COMMON,
  count1h: 5,
  count24h: 6,
  usd24h: 7,
  small1h: 8,
  newCustomers24h: 9,
  newCustomers7d: 10,
  newCards24h: 11,
  lastFraudS: 12,
  customers: 13,
  cards: 21,
} as const;

export const ADDRESS = {
  ...COMMON,
  count24h: 5,
  newCustomers7d: 6,
  lastFraudS: 7,
  customers: 8,
} as const;

export const MERCHANT = {
  ...COMMON,
  count1h: 5,
  count24h: 6,
  count7d: 7,
  count30d: 8,
  ln30d: 9,
  lnSquared30d: 10,
  small1h: 11,
  small30d: 12,
  newCustomers1h: 13,
  newCustomers30d: 14,
  foreign1h: 15,
  foreign30d: 16,
  fraud24h: 17,
  fraud7d: 18,
  labels30d: 19,
  /** Of the run of known frauds (known_fraud.ts): how many amounts were ordinary for their customers. */
  runOrdinary: 20,
  lastFraudS: 21,
  lastGenuineS: 22,
  runCount: 23,
  runFromS: 24,
  runOrdinaryFromS: 25,
  customers: 26,
} as const;

/** How many hashes each set of recently seen ids holds; the one seen longest ago makes room. */
export const CAPACITY = {
  customerDevices: 8,
  customerMerchants: 16,
  customerCountries: 4,
  customerCategories: 8,
  customerAddresses: 4,
  cardMerchants: 8,
  cardDevices: 4,
  deviceCustomers: 8,
  deviceCards: 8,
  addressCustomers: 8,
  merchantCustomers: 16,
} as const;

export interface Layout {
  /** Slots stored as 64-bit floats, from slot 0. */
  readonly numbers: number;
  /** Slots that follow, stored as 32-bit integers. */
  readonly integers: number;
  /** Value of slot 0. */
  readonly tag: number;
}

const layout = (kindCode: number, numbers: number, integers: number): Layout => ({
  numbers,
  integers,
  tag: LAYOUT_VERSION * 16 + kindCode,
});

export const LAYOUTS: Readonly<Record<EntityKind, Layout>> = {
  customer: layout(1, 27, 41),
  card: layout(2, 16, 14),
  device: layout(3, 12, 17),
  address: layout(5, 7, 9),
  merchant: layout(4, 21, 21),
};
