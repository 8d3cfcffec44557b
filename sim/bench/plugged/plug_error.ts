import { OperatorError } from "../../../src/core/run_command.ts";

/** What can be wrong with a model of one's own. A code is stable. */
export type PlugErrorCode =
  /** The folder, file or address gives nothing that could be run. */
  | "model_unreadable"
  /** It asks for a feature that there is not, or for another number of inputs than it names features. */
  | "model_wrong_features"
  /** The answer has another shape or length than one probability a payment. */
  | "model_wrong_answer"
  /** A number in the answer is none from 0 to 1. */
  | "model_no_probability"
  /** No answer in time. */
  | "model_timeout"
  /** Nobody listens there, or this program may not go there. */
  | "model_unreachable"
  /** The scorer answered with an error of its own. */
  | "model_refused"
  /** By its own word it has seen payments that it would be judged by. */
  | "model_saw_the_test"
  /** onnxruntime-web could not be loaded. */
  | "model_runtime_missing";

/** A model of one's own broke the contract: `CODE: what failed, on which value. The next move.` */
export class PlugError extends OperatorError {
  override name = "PlugError";

  constructor(override readonly code: PlugErrorCode, model: string, what: string, nextMove: string) {
    super(code, `"${model}" ${what}. ${nextMove}`);
  }
}
