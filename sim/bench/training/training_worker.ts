/**
 * The thread of {@link import("./training_workers.ts").TrainingWorkers}: it is sent the data set once, then part after
 * part, and answers with what each came to. Progress is drawn by the thread that asks.
 */
import { drawProgressElsewhere } from "../../../src/core/progress.ts";
import { toOperatorError } from "../../../src/core/run_command.ts";
import { PaymentRows, type SharedPayments } from "../../train/payment_rows.ts";
import { PartTrainer, type Trained, type TrainingPart } from "./train_part.ts";

/** What the thread is sent. */
export type ToWorker = { readonly payments: SharedPayments } | { readonly part: TrainingPart };

/** What it answers. One progress at a time. */
export type FromWorker =
  | { readonly trained: Trained[keyof Trained] }
  | { readonly failed: FailedPart }
  | { readonly started: { readonly label: string; readonly total: number; readonly unit: string } }
  | { readonly done: number }
  | { readonly ended: "stop" | "abandon" };

/** An error as data: a class does not survive the way between threads. */
export interface FailedPart {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of what a person can put right, so that the message says all; null for a fault of the program. */
  readonly forOperator: { readonly code: string; readonly text: string } | null;
}

interface WorkerScope {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  postMessage(message: FromWorker): void;
}

const scope = self as unknown as WorkerScope;

drawProgressElsewhere((label, total, unit) => {
  scope.postMessage({ started: { label, total, unit } });
  return {
    update: (done) => scope.postMessage({ done }),
    stop: () => scope.postMessage({ ended: "stop" }),
    abandon: () => scope.postMessage({ ended: "abandon" }),
  };
});

let trainer: PartTrainer | undefined;

scope.onmessage = async ({ data }) => {
  if ("payments" in data) {
    trainer = new PartTrainer(PaymentRows.of(data.payments));
    return;
  }
  try {
    scope.postMessage({ trained: await trainer!.train(data.part) });
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    const known = toOperatorError(error);
    const forOperator = known === null ? null : { code: known.code, text: known.text };
    scope.postMessage({ failed: { name, message, stack, forOperator } });
  }
};
