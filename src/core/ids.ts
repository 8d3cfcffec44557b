/**
 * Identifiers: a prefix that names the kind and 26 characters of Crockford base 32: 48 bits of time, so that a
 * primary key grows at its right edge, and 80 random bits.
 */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

export interface Ids {
  /** A new identifier such as `pay_01k…`; `prefix` without the underscore. */
  next(prefix: string): string;
}

/** Identifiers from the clock and the machine's cryptographic randomness. */
export class RandomIds implements Ids {
  readonly #nowMs: () => number;
  // One call for many identifiers: crypto.getRandomValues costs more per call than per byte.
  readonly #pool = new Uint8Array(16 * 256);
  #used = this.#pool.length;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  next(prefix: string): string {
    if (this.#used + 16 > this.#pool.length) {
      crypto.getRandomValues(this.#pool);
      this.#used = 0;
    }
    const id = encodeId(prefix, this.#nowMs(), this.#pool, this.#used);
    this.#used += 16;
    return id;
  }
}

/** Identifiers from a seed, for simulations that must be the same byte for byte. */
export function encodeId(prefix: string, timeMs: number, random: Uint8Array, offset: number): string {
  let tail = "";
  for (let i = 0; i < 16; i++) tail += ALPHABET[random[offset + i] & 31];
  return firstIdAt(prefix, timeMs) + tail;
}

/** Sorts before every identifier that was made at this time or later, and after all earlier ones. */
export function firstIdAt(prefix: string, timeMs: number): string {
  let time = "";
  for (let i = 0; i < 10; i++) {
    time = ALPHABET[timeMs % 32] + time;
    timeMs = Math.floor(timeMs / 32);
  }
  return `${prefix}_${time}`;
}

/** A string typed as the id of one kind of thing, so that one kind cannot be passed for another. */
export type Branded<Kind extends string> = string & { readonly __kind?: Kind };
export type TenantId = Branded<"tenant">;
export type PaymentId = Branded<"payment">;
export type CustomerId = Branded<"customer">;
export type AccountId = Branded<"account">;
export type TransferId = Branded<"transfer">;
