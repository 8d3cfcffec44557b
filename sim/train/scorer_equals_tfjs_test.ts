import * as tf from "@tensorflow/tfjs";
import { expect } from "expect";
import { Random } from "../../src/core/random.ts";
import { observe, readFeatures } from "../../src/fraud/features/engine.ts";
import { FeatureStates } from "../../src/fraud/features/feature_states.ts";
import { encodeInputs, inputCount } from "../../src/fraud/model/encode_inputs.ts";
import { type FraudModel, sigmoid } from "../../src/fraud/model/fraud_model.ts";
import { loadModel } from "../../src/fraud/model/load_model.ts";
import { toPaymentEvent } from "../world/to_payment_event.ts";
import { generateWorld } from "../world/world.ts";
import { startWasmBackend } from "./wasm_backend.ts";

const FIXTURE = new URL("../../fixtures/model", import.meta.url).pathname;

async function loadIntoTfjs(): Promise<tf.LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(await Deno.readTextFile(`${FIXTURE}/model.json`));
  const weightData = (await Deno.readFile(`${FIXTURE}/weights.bin`)).buffer;
  const weightSpecs = weightsManifest[0].weights;
  return await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
}

function worstDifference(scorer: FraudModel, reference: tf.LayersModel, vectors: Float64Array[]): number {
  const { inputs } = scorer.manifest;
  const width = inputCount(inputs);
  const encoded = new Float32Array(vectors.length * width);
  vectors.forEach((vector, i) => encodeInputs(inputs, vector, encoded, i * width));
  const expected = tf.tidy(() =>
    (reference.predict(tf.tensor2d(encoded, [vectors.length, width])) as tf.Tensor).dataSync()
  );
  return vectors.reduce(
    (worst, vector, i) => Math.max(worst, Math.abs(sigmoid(scorer.rawLogit(vector)) - expected[i])),
    0,
  );
}

Deno.test("the compiled scorer equals TF.js within 1e-6 on real vectors, and on random ones on the cpu backend", async () => {
  const scorer = await loadModel(FIXTURE);
  const random = new Random(3);
  const randomVectors = Array.from(
    { length: 5000 },
    () =>
      Float64Array.from(scorer.manifest.inputs, ({ edges, codes }) => {
        if (codes !== undefined) return random.pick(codes);
        const [low, high] = [edges[0] ?? 0, edges[edges.length - 1] ?? 1];
        // A tenth beyond either end, and often exactly on an edge.
        return edges.length > 0 && random.chance(0.3)
          ? random.pick(edges)
          : random.between(low - (high - low) / 10, high + (high - low) / 10);
      }),
  );
  const world = generateWorld({ seed: 3, days: 20, customers: 400, startMs: Date.UTC(2026, 0, 5) });
  const states = new FeatureStates();
  const realVectors: Float64Array[] = [];
  for (const payment of world.payments()) {
    const event = toPaymentEvent(payment, world);
    realVectors.push(readFeatures(event, states));
    observe(event, states);
  }
  expect(realVectors.length).toBeGreaterThan(5000);

  await startWasmBackend();
  const onWasm = await loadIntoTfjs();
  expect(worstDifference(scorer, onWasm, realVectors)).toBeLessThan(1e-6);
  // Random vectors light up units that no payment does; there the 32-bit sums of the wasm backend itself are
  // 1.1e-6 off. The cpu backend sums more exactly and is the reference.
  expect(worstDifference(scorer, onWasm, randomVectors)).toBeLessThan(2e-6);
  await tf.setBackend("cpu");
  const onCpu = await loadIntoTfjs();
  // It multiplies the zeros of a thousand leaves as well, some ten milliseconds a vector: one in five has to do.
  const some = (vectors: Float64Array[]) => vectors.filter((_, i) => i % 5 === 0);
  expect(worstDifference(scorer, onCpu, some(randomVectors))).toBeLessThan(1e-6);
  expect(worstDifference(scorer, onCpu, some(realVectors))).toBeLessThan(1e-6);
});
