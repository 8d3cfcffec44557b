import { FEATURES } from "../../src/fraud/features/catalogue.ts";

/** Payments as a table: feature vectors side by side with what is known and what is true about them. */
export class Rows {
  length = 0;
  #vectors = new Float64Array(1024 * FEATURES.length);
  #label = new Uint8Array(1024);
  #fraud = new Uint8Array(1024);
  readonly #story: (string | null)[] = [];
  #amountUsd = new Float64Array(1024);
  #customer = new Uint32Array(1024);

  add(
    vector: Float64Array,
    label: boolean,
    story: string | null,
    amountUsd: number,
    customer: number,
  ): void {
    if (this.length === this.#label.length) this.#grow();
    this.#vectors.set(vector, this.length * FEATURES.length);
    this.#label[this.length] = label ? 1 : 0;
    this.#fraud[this.length] = story === null ? 0 : 1;
    this.#story.push(story);
    this.#amountUsd[this.length] = amountUsd;
    this.#customer[this.length] = customer;
    this.length++;
  }

  /** A view, not a copy. */
  vector(row: number): Float64Array {
    return this.#vectors.subarray(row * FEATURES.length, (row + 1) * FEATURES.length);
  }

  /** One feature of all rows. */
  column(feature: number): Float64Array {
    return Float64Array.from(
      { length: this.length },
      (_, row) => this.#vectors[row * FEATURES.length + feature],
    );
  }

  /** 1 where fraud had been reported by the cut-off. */
  get label(): Uint8Array {
    return this.#label.subarray(0, this.length);
  }

  /** Each row stands for itself. */
  get weight(): Float32Array {
    return new Float32Array(this.length).fill(1);
  }

  /** 1 where the payment was fraud, reported or not. */
  get fraud(): Uint8Array {
    return this.#fraud.subarray(0, this.length);
  }

  /** The fraud story each row belongs to; null for genuine payments. */
  get story(): readonly (string | null)[] {
    return this.#story;
  }

  get amountUsd(): Float64Array {
    return this.#amountUsd.subarray(0, this.length);
  }

  /** A number for each customer, for resampling by customer. */
  get customer(): Uint32Array {
    return this.#customer.subarray(0, this.length);
  }

  #grow(): void {
    const double = <T extends Float64Array | Uint8Array | Uint32Array>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    const size = this.#label.length * 2;
    this.#vectors = double(this.#vectors, new Float64Array(size * FEATURES.length));
    this.#label = double(this.#label, new Uint8Array(size));
    this.#fraud = double(this.#fraud, new Uint8Array(size));
    this.#amountUsd = double(this.#amountUsd, new Float64Array(size));
    this.#customer = double(this.#customer, new Uint32Array(size));
  }
}
