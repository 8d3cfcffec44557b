import { OperatorError } from "../../../src/core/run_command.ts";
import type { Progress } from "../../../src/core/progress.ts";
import type { PaymentRows } from "../../train/payment_rows.ts";
import { ProgressBars } from "./progress_bars.ts";
import type { TestPeriod, Trained, TrainingPart, Variant } from "./train_part.ts";
import { partNamed, type Training } from "./training.ts";
import type { FailedPart, FromWorker, ToWorker } from "./training_worker.ts";

type Waiting = PromiseWithResolvers<Trained[keyof Trained]>;

interface Thread {
  readonly worker: Worker;
  /** What it is at; null when nothing is left. */
  part: TrainingPart | null;
  progress: Progress | null;
}

/**
 * Parts trained in threads of their own, several at once, begun in the order given. Each is computed as it would be in
 * one thread, so what they come to does not depend on how many there are. Payments are shared, not copied.
 */
export class TrainingWorkers implements Training {
  readonly #threads: Thread[] = [];
  readonly #parts: readonly TrainingPart[];
  readonly #waiting = new Map<string, Waiting>();
  readonly #bars = new ProgressBars();
  #begun = 0;

  constructor(payments: PaymentRows, parts: readonly TrainingPart[], workers: number) {
    this.#parts = parts;
    for (const part of parts) {
      const waiting: Waiting = Promise.withResolvers();
      // A part may fail before it is asked for; who asks still gets the error.
      waiting.promise.catch(() => {});
      this.#waiting.set(nameOf(part), waiting);
    }
    const shared = payments.shared();
    for (let number = 1; number <= Math.min(workers, parts.length); number++) {
      const thread = this.#start(number);
      this.#threads.push(thread);
      send(thread, { payments: shared });
      this.#giveNext(thread);
    }
  }

  async trained<Kind extends keyof Trained>(
    kind: Kind,
    period: TestPeriod,
    variant: Variant,
  ): Promise<Trained[Kind]> {
    return await this.#waiting.get(partNamed(kind, period, variant))!.promise as Trained[Kind];
  }

  aside(print: () => void): void {
    this.#bars.aside(print);
  }

  end(): void {
    for (const { worker, progress } of this.#threads) {
      progress?.abandon();
      worker.terminate();
    }
    this.#threads.length = 0;
  }

  #start(number: number): Thread {
    const worker = new Worker(new URL("./training_worker.ts", import.meta.url), {
      type: "module",
      name: `training ${number}`,
    });
    const thread: Thread = { worker, part: null, progress: null };
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(thread, data);
    // What the thread cannot catch itself, such as a module that it may not read; Deno prints it, too.
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(
        thread,
        new OperatorError(
          "train_worker_ended",
          `thread ${number} of those that train ended: ${event.message}. ` +
            "Give --workers 1 to train without threads.",
        ),
      );
    };
    return thread;
  }

  #giveNext(thread: Thread): void {
    thread.part = this.#parts[this.#begun++] ?? null;
    if (thread.part !== null) send(thread, { part: thread.part });
  }

  #hear(thread: Thread, answer: FromWorker): void {
    if ("trained" in answer) {
      this.#waiting.get(nameOf(thread.part!))!.resolve(answer.trained);
      this.#giveNext(thread);
    } else if ("failed" in answer) this.#fail(thread, toError(answer.failed));
    else if ("started" in answer) {
      const { label, total, unit } = answer.started;
      thread.progress = this.#bars.start(label, total, unit);
    } else if ("done" in answer) thread.progress?.update(answer.done);
    else {
      thread.progress?.[answer.ended]();
      thread.progress = null;
    }
  }

  /** Nothing is begun any more; what other threads are at may still be asked for. */
  #fail(thread: Thread, error: Error): void {
    const unbegun = this.#parts.slice(this.#begun);
    this.#begun = this.#parts.length;
    for (const part of [thread.part, ...unbegun]) {
      if (part !== null) this.#waiting.get(nameOf(part))!.reject(error);
    }
    thread.part = null;
  }
}

function nameOf({ kind, period, variant }: TrainingPart): string {
  return partNamed(kind, period, variant);
}

function send({ worker }: Thread, message: ToWorker): void {
  worker.postMessage(message);
}

function toError({ name, message, stack, forOperator }: FailedPart): Error {
  if (forOperator !== null) return new OperatorError(forOperator.code, forOperator.text);
  const error = new Error(message);
  return Object.assign(error, { name, stack });
}
