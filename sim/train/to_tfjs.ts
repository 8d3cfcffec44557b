import * as tf from "@tensorflow/tfjs";
import type { DenseLayer } from "../../src/fraud/model/network.ts";
import { startWasmBackend } from "./wasm_backend.ts";

/** The layers as a TF.js model, on the wasm backend. */
export async function toTfjs(layers: readonly DenseLayer[]): Promise<tf.Sequential> {
  await startWasmBackend();
  const model = tf.sequential({ name: "fraud_network" });
  layers.forEach(({ units, activation, kernel }, l) => {
    const isLast = l === layers.length - 1;
    model.add(tf.layers.dense({
      name: isLast ? "fraud" : `hidden_${l + 1}`,
      units,
      activation,
      inputShape: l === 0 ? [kernel.length / units] : undefined,
      // The weights follow; drawing others first would take longer than writing these.
      kernelInitializer: "zeros",
    }));
  });
  model.setWeights(layers.flatMap(({ kernel, bias, units }) => [
    tf.tensor2d(kernel, [kernel.length / units, units]),
    tf.tensor1d(bias),
  ]));
  return model;
}
