/** The customer that examples and a first call by hand use; in every world. */
export const KNOWN_CUSTOMER_ID = "cust_123";

/*
 * How numbers of a world become the ids that others see. An id tells nothing but equality: those of thieves' devices
 * and addresses are made as those of honest people.
 */

export function customerNumber(customer: number): string {
  return customer === 0 ? "123" : String(customer).padStart(6, "0");
}

export function customerIdOf(customer: number): string {
  return `cust_${customerNumber(customer)}`;
}

export function merchantIdOf(merchant: number): string {
  return `merch_${String(merchant).padStart(5, "0")}`;
}

/** @param place of the card among its customer's, from 0 */
export function cardIdOf(customer: number, place: number): string {
  return `pm_${customerNumber(customer)}_${place + 1}`;
}

export function deviceIdOf(device: number): string | null {
  return device === 0 ? null : `dev_${device.toString(16).padStart(12, "0")}`;
}

/** One to one over 32 bits, so that two addresses never share an id. */
export function addressIdOf(address: number): string | null {
  if (address === 0) return null;
  let h = Math.imul(address ^ (address >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return `addr_${((h ^ (h >>> 15)) >>> 0).toString(16).padStart(8, "0")}`;
}

/** From the block that is reserved for benchmarks, 198.18.0.0/15: it is nobody's. Networks may share an address. */
export function ipAddressOf(network: number): string {
  const bits = ipBitsOf(network);
  return `198.${18 + (bits & 1)}.${(bits >>> 1) & 255}.${(bits >>> 9) & 255}`;
}

/** The 17 bits of a network's address. */
export function ipBitsOf(network: number): number {
  let h = Math.imul(network ^ (network >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return ((h ^ (h >>> 15)) >>> 0) & 0x1ffff;
}
