/**
 * Scores a matrix with an ONNX model: `score_onnx.ts MODEL MATRIX WIDTH SCORES`, 32-bit floats in, 64-bit floats out.
 *
 * A program of its own with a lock of its own, started by ../onnx_model.ts, so that nobody has to download the 140 MB of
 * onnxruntime-web who does not ask for it. What is wrong with the model goes to standard output as JSON, exit code 3.
 */

const ROWS_A_RUN = 8_192;
const BROKEN_CONTRACT = 3;

/** As much of onnxruntime-web as is used; its own types would be downloaded with it. */
interface Tensor {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint>;
  readonly type: string;
}
interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly {
    readonly isTensor: boolean;
    readonly shape?: readonly (number | string)[];
  }[];
  run(feeds: Record<string, Tensor>, fetches: readonly string[]): Promise<Record<string, Tensor>>;
}
interface Runtime {
  readonly env: { readonly wasm: { numThreads: number }; logLevel: string };
  readonly InferenceSession: {
    create(model: Uint8Array, options: { executionProviders: string[] }): Promise<Session>;
  };
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => Tensor;
}

async function score([modelPath, matrixPath, widthText, scoresPath]: readonly string[]): Promise<void> {
  const width = Number(widthText);
  const runtime = await loadRuntime();
  // One thread: sums split among threads would depend on their number.
  runtime.env.wasm.numThreads = 1;
  runtime.env.logLevel = "error";
  const session = await open(runtime, await Deno.readFile(modelPath));
  const [input] = session.inputNames;
  if (session.inputNames.length !== 1) {
    broken(
      "model_wrong_features",
      `has ${session.inputNames.length} inputs (${session.inputNames.join(", ")})`,
      "Give it one, [payments, features] of 32-bit floats.",
    );
  }
  const takes = session.inputMetadata[0].shape?.at(-1);
  if (typeof takes === "number" && takes !== width) {
    broken(
      "model_wrong_features",
      `takes ${takes} numbers a payment and is given ${width}`,
      "Name its features, in its order, in the .contract.json beside it.",
    );
  }
  const output = session.outputNames.find((name) => /prob/i.test(name)) ?? session.outputNames.at(-1)!;
  const matrix = new Float32Array((await Deno.readFile(matrixPath)).buffer);
  const rows = matrix.length / width;
  const scores = new Float64Array(rows);
  for (let from = 0; from < rows; from += ROWS_A_RUN) {
    const count = Math.min(ROWS_A_RUN, rows - from);
    const part = matrix.slice(from * width, (from + count) * width);
    const answer = await run(
      session,
      { [input]: new runtime.Tensor("float32", part, [count, width]) },
      output,
    );
    copyProbabilities(answer, count, scores, from, output);
  }
  await Deno.writeFile(scoresPath, new Uint8Array(scores.buffer));
}

async function loadRuntime(): Promise<Runtime> {
  try {
    // Not a literal, so that only this run resolves it and the project's own lock and cache do without.
    const name: string = "onnxruntime-web";
    return await import(name);
  } catch (error) {
    return broken(
      "model_runtime_missing",
      `needs onnxruntime-web, which could not be loaded: ${firstLine(error)}`,
      "Let this machine reach its npm registry once.",
    );
  }
}

async function open(runtime: Runtime, bytes: Uint8Array): Promise<Session> {
  try {
    return await runtime.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  } catch (error) {
    return broken(
      "model_unreadable",
      `is no model that onnxruntime-web runs: ${firstLine(error)}`,
      "Check the file, and its opset against the version in sim/bench/plugged/onnx/deno.json.",
    );
  }
}

async function run(session: Session, feeds: Record<string, Tensor>, output: string): Promise<Tensor> {
  try {
    return (await session.run(feeds, [output]))[output];
  } catch (error) {
    return broken(
      "model_wrong_features",
      `failed on [payments, features] of 32-bit floats: ${firstLine(error)}`,
      "Its one input must take any number of payments, and an output named after probabilities must be a tensor " +
        "(zipmap=False in skl2onnx and onnxmltools).",
    );
  }
}

/** [payments], [payments, 1], or [payments, 2] of which the second column is fraud. */
function copyProbabilities(
  answer: Tensor,
  count: number,
  scores: Float64Array,
  from: number,
  name: string,
): void {
  const columns = answer?.data?.length / count;
  if (answer?.dims?.[0] !== count || (columns !== 1 && columns !== 2) || typeof answer.data[0] !== "number") {
    broken(
      "model_wrong_answer",
      `gave "${name}" of shape [${answer?.dims}] and type ${answer?.type} for ${count} payments`,
      "The contract is [payments, 1], or [payments, 2] with fraud in the second column, of floats.",
    );
  }
  for (let row = 0; row < count; row++) scores[from + row] = Number(answer.data[row * columns + columns - 1]);
}

function broken(code: string, what: string, nextMove: string): never {
  console.log(JSON.stringify({ code, what, nextMove }));
  Deno.exit(BROKEN_CONTRACT);
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split("\n")[0].slice(0, 300);
}

await score(Deno.args);
