import type { PaymentRows } from "../../train/payment_rows.ts";
import { PartTrainer, type TestPeriod, type Trained, type TrainingPart, type Variant } from "./train_part.ts";

/** Where the parts of a run are trained. */
export interface Training {
  /** What a part comes to. Parts are asked for in the order of their periods, each once. */
  trained<Kind extends keyof Trained>(
    kind: Kind,
    period: TestPeriod,
    variant: Variant,
  ): Promise<Trained[Kind]>;
  /** Prints while no progress bar stands where the text goes. */
  aside(print: () => void): void;
  /** Ends what still runs. */
  end(): void;
}

export function partNamed(
  kind: keyof Trained,
  { number }: Pick<TestPeriod, "number">,
  { suffix }: Variant,
): string {
  return `${kind} of fold ${number}${suffix}`;
}

/** In this thread, each part when it is asked for. */
export class TrainingHere implements Training {
  readonly #trainer: PartTrainer;
  readonly #parts: ReadonlyMap<string, TrainingPart>;

  constructor(payments: PaymentRows, parts: readonly TrainingPart[]) {
    this.#trainer = new PartTrainer(payments);
    this.#parts = new Map(parts.map((part) => [partNamed(part.kind, part.period, part.variant), part]));
  }

  async trained<Kind extends keyof Trained>(
    kind: Kind,
    period: TestPeriod,
    variant: Variant,
  ): Promise<Trained[Kind]> {
    return await this.#trainer.train(this.#parts.get(partNamed(kind, period, variant))!) as Trained[Kind];
  }

  aside(print: () => void): void {
    print();
  }

  end(): void {}
}
