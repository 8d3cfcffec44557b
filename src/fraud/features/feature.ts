/** One number of the vector that a payment is judged by. */
export interface Feature {
  readonly name: string;
  /** Of a `category` the value is a code (category_code.ts): which codes are equal says something, which is larger nothing. */
  readonly unit:
    | "usd"
    | "ln usd"
    | "payments"
    | "ids"
    | "ratio"
    | "z"
    | "hours"
    | "days"
    | "flag"
    | "cosine"
    | "category";
  /** E-folding time of the decayed sums behind it (windows.ts), or `now` when it needs no history. */
  readonly window: string;
  /** Its value when the entity it speaks of has no history, or the payment names no such entity. */
  readonly coldValue: number;
  readonly about: string;
}

/** Keeps the name as a type of its own, by which vectors are read and written. */
export const feature = <Name extends string>(
  name: Name,
  unit: Feature["unit"],
  window: string,
  coldValue: number,
  about: string,
) => ({ name, unit, window, coldValue, about });
