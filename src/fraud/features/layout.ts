import type { EntityKind } from "./event.ts";

/**
 * The slots of each entity's state, a flat `Float64Array`: numbers first, then 32-bit hashes. Any change here is
 * a change of {@link LAYOUT_VERSION}, and with it of the feature hash: states and models of the old layout are
 * refused, not misread.
 *
 * A field such as `count1h` is a decayed count with the window of one hour, `usd24h` a decayed sum of US dollars,
 * `ln30d` and `lnSquared30d` decayed sums of the amount's logarithm and its square.
 */
export const LAYOUT_VERSION = 1;

/** Slots that every kind has in the same place. */
export const COMMON = { layoutTag: 0, lastEventAtMs: 1, firstEventAtMs: 2 } as const;

export const CUSTOMER = {
  ...COMMON,
  count10m: 3,
  count1h: 4,
  count24h: 5,
  count7d: 6,
  count30d: 7,
  usd24h: 8,
  usd7d: 9,
  usd30d: 10,
  ln30d: 11,
  lnSquared30d: 12,
  hourCos30d: 13,
  hourSin30d: 14,
  foreign30d: 15,
  newDevices7d: 16,
  newMerchants24h: 17,
  devices: 18,
  merchants: 26,
  countries: 42,
  categories: 46,
} as const;

export const CARD = {
  ...COMMON,
  count10m: 3,
  count1h: 4,
  count24h: 5,
  count30d: 6,
  usd24h: 7,
  small1h: 8,
  small24h: 9,
  newMerchants24h: 10,
  newDevices24h: 11,
  ln30d: 12,
  lnSquared30d: 13,
  lastCountry: 14,
  merchants: 15,
  devices: 23,
} as const;

export const DEVICE = {
  ...COMMON,
  count1h: 3,
  count24h: 4,
  count30d: 5,
  usd24h: 6,
  small1h: 7,
  newCustomers24h: 8,
  newCustomers7d: 9,
  newCards24h: 10,
  customers: 11,
  cards: 19,
} as const;

export const MERCHANT = {
  ...COMMON,
  count10m: 3,
  count1h: 4,
  count24h: 5,
  count30d: 6,
  ln30d: 7,
  lnSquared30d: 8,
  small1h: 9,
  small30d: 10,
  newCustomers1h: 11,
  newCustomers30d: 12,
  foreign1h: 13,
  foreign30d: 14,
  customers: 15,
} as const;

/** How many hashes each set of recently seen ids holds; the one seen longest ago makes room. */
export const CAPACITY = {
  customerDevices: 8,
  customerMerchants: 16,
  customerCountries: 4,
  customerCategories: 8,
  cardMerchants: 8,
  cardDevices: 4,
  deviceCustomers: 8,
  deviceCards: 8,
  merchantCustomers: 16,
} as const;

export interface Layout {
  /** Slots stored as 64-bit floats, from slot 0. */
  readonly numbers: number;
  /** Slots that follow, stored as 32-bit integers. */
  readonly hashes: number;
  /** Value of slot 0. */
  readonly tag: number;
}

const layout = (kindCode: number, numbers: number, hashes: number): Layout => ({
  numbers,
  hashes,
  tag: LAYOUT_VERSION * 16 + kindCode,
});

export const LAYOUTS: Readonly<Record<EntityKind, Layout>> = {
  customer: layout(1, 18, 36),
  card: layout(2, 14, 13),
  device: layout(3, 11, 16),
  merchant: layout(4, 15, 16),
};
