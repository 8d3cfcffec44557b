import { FEATURE_INDEX as F, FEATURES } from "../../src/fraud/features/catalogue.ts";
import type { LabelledPayment } from "./labelled_payment.ts";
import { Block, BLOCK_ROWS, NO_ROW, PaymentRows } from "./payment_rows.ts";

/** A whole data set as it is put together, with the names of who pays whom. */
export class LabelledPayments extends PaymentRows {
  readonly customers = new Names();
  readonly cards = new Names();
  readonly merchants = new Names();
  readonly stories = new Names();
  readonly countries = new Names();
  readonly categories = new Names();
  /** Payments that came without their attainable probability. */
  withoutPosterior = 0;
  /** By customer, the row of the latest payment so far. */
  readonly #latest: number[] = [];

  add(vector: Float64Array, { event, ...known }: LabelledPayment): void {
    const at = this.length % BLOCK_ROWS;
    if (at === 0) this.blocks.push(new Block());
    const block = this.blocks[this.blocks.length - 1];
    block.vectors.set(vector, at * FEATURES.length);
    block.atMs[at] = event.occurredAtMs;
    block.amountUsd[at] = event.amountUsd;
    const customer = this.customers.placeOf(event.customerId);
    block.customer[at] = customer;
    block.previous[at] = this.#latest[customer] ?? NO_ROW;
    this.#latest[customer] = this.length;
    this.customersSoFar = this.customers.size;
    block.card[at] = this.cards.placeOf(event.cardId ?? event.customerId);
    block.merchant[at] = this.merchants.placeOf(event.merchantId);
    block.country[at] = this.countries.placeOf(event.customerCountry ?? UNKNOWN);
    block.category[at] = this.categories.placeOf(event.merchantCategory ?? UNKNOWN);
    this.#name(vector[F.merchant_category], event.merchantCategory);
    this.#name(vector[F.merchant_country], event.merchantCountry);
    this.#name(vector[F.payment_country], event.country);
    this.#name(vector[F.customer_country], event.customerCountry);
    block.fraud[at] = known.fraud ? 1 : 0;
    block.labelFraud[at] = known.label?.fraud ? 1 : 0;
    block.labelKnownAtMs[at] = known.label?.knownAtMs ?? Infinity;
    block.posterior[at] = known.posterior ?? NaN;
    block.story[at] = known.story === null ? NO_STORY : this.stories.placeOf(known.story);
    if (known.posterior === null) this.withoutPosterior++;
    this.length++;
  }

  #name(code: number, name: string | null): void {
    if (name !== null && !this.categoryNames.has(code)) this.categoryNames.set(code, name);
  }

  /** Whether every payment came with its attainable probability. */
  get hasPosterior(): boolean {
    return this.withoutPosterior === 0;
  }

  /** Which kind of fraud; null for genuine payments and where nobody knows. */
  story(row: number): string | null {
    const story = this.block(row).story[row % BLOCK_ROWS];
    return story === NO_STORY ? null : this.stories.names[story];
  }
}

const NO_STORY = 0xffff_ffff;
const UNKNOWN = "unknown";

/** Each name once, by the order in which it came. */
export class Names {
  readonly #places = new Map<string, number>();
  readonly names: string[] = [];

  placeOf(name: string): number {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    this.#places.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  get size(): number {
    return this.names.length;
  }
}
