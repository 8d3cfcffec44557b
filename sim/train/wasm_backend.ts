import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { assert } from "../../src/core/assert.ts";

/**
 * Starts TF.js on WebAssembly, or throws: TF.js falls back to its slow JavaScript backend without a word. One
 * thread, because sums that are split among threads depend on their number and a model would no longer be the
 * same on every machine.
 */
export async function startWasmBackend(): Promise<void> {
  if (tf.getBackend() === "wasm") return;
  setWasmPaths(
    decodeURIComponent(new URL("./", import.meta.resolve("@tensorflow/tfjs-backend-wasm")).pathname),
  );
  setThreadsCount(1);
  await tf.setBackend("wasm");
  await tf.ready();
  assert(tf.getBackend() === "wasm", `TF.js runs on "${tf.getBackend()}" instead of wasm.`);
}
