import { expect } from "expect";
import { createHash } from "node:crypto";
import { FEATURES } from "../features/catalogue.ts";
import { loadModel } from "./load_model.ts";
import type { Manifest } from "./manifest.ts";

const FIXTURE = new URL("../../../fixtures/model", import.meta.url).pathname;

/** A copy of the default model in a folder of its own, with its manifest or a file changed. */
async function withCopy(
  change: (manifest: Manifest, directory: string) => Promise<unknown> | unknown,
  then: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    for (const name of ["manifest.json", "model.json", "weights.bin"]) {
      await Deno.copyFile(`${FIXTURE}/${name}`, `${directory}/${name}`);
    }
    const manifest = JSON.parse(await Deno.readTextFile(`${directory}/manifest.json`));
    const changed = await change(manifest, directory);
    if (changed !== undefined) {
      await Deno.writeTextFile(`${directory}/manifest.json`, JSON.stringify(changed));
    }
    await then(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("the default model loads, scores and says why", async () => {
  const model = await loadModel(FIXTURE);
  const medians = Float64Array.from(model.manifest.inputs, (input) => input.median);
  const ordinary = model.score(medians);
  expect(ordinary.probability).toBeGreaterThan(0);
  expect(ordinary.probability).toBeLessThan(0.01);
  expect(ordinary.riskScore).toBeLessThan(50);
  expect(model.explain(medians, 5)).toEqual([]);

  const strange = Float64Array.from(medians);
  const set = (name: string, value: number) =>
    strange[FEATURES.findIndex((feature) => feature.name === name)] = value;
  set("new_device_for_customer", 1);
  set("new_merchant_for_customer", 1);
  set("resale_category", 1);
  set("country_not_cards", 1);
  set("amount_vs_customer", 3.5);
  set("device_other_customers", 4);
  expect(model.score(strange).riskScore).toBeGreaterThan(ordinary.riskScore);
  const reasons = model.explain(strange, 3);
  expect(reasons.length).toBe(3);
  expect(Math.abs(reasons[0].effect)).toBeGreaterThanOrEqual(Math.abs(reasons[1].effect));
  expect(reasons[0].value).toBe(strange[FEATURES.findIndex(({ name }) => name === reasons[0].feature)]);
});

Deno.test("loadModel() refuses a model of other features and names both hashes", async () => {
  await withCopy((manifest) => ({ ...manifest, featureHash: "0123456789abcdef" }), async (directory) => {
    await expect(loadModel(directory)).rejects.toThrow("0123456789abcdef");
  });
});

Deno.test("loadModel() refuses weights that are not the manifest's", async () => {
  await withCopy(async (_, directory) => {
    const weights = await Deno.readFile(`${directory}/weights.bin`);
    weights[100] ^= 1;
    await Deno.writeFile(`${directory}/weights.bin`, weights);
  }, async (directory) => {
    await expect(loadModel(directory)).rejects.toThrow("weights.bin has sha256");
  });
});

Deno.test("loadModel() refuses a sequence model, and says what it can be used for", async () => {
  await withCopy(async (manifest, directory) => {
    const model = JSON.parse(await Deno.readTextFile(`${directory}/model.json`));
    model.modelTopology.config.layers.at(-1).class_name = "GRU";
    const text = JSON.stringify(model);
    await Deno.writeTextFile(`${directory}/model.json`, text);
    const checksum = createHash("sha256").update(text).digest("hex");
    return { ...manifest, files: { ...manifest.files, "model.json": checksum } };
  }, async (directory) => {
    await expect(loadModel(directory)).rejects.toThrow(
      /\(GRU\) reads a customer's payments one after the other.*deno task bench:fraud/,
    );
  });
});

Deno.test("loadModel() refuses a folder without a model, a torn manifest and another format", async () => {
  await expect(loadModel("/nonexistent")).rejects.toThrow("manifest.json cannot be read");
  await withCopy(
    (_, directory) => Deno.writeTextFile(`${directory}/manifest.json`, "{"),
    async (directory) => {
      await expect(loadModel(directory)).rejects.toThrow("not JSON");
    },
  );
  await withCopy((manifest) => ({ ...manifest, formatVersion: 99 }), async (directory) => {
    await expect(loadModel(directory)).rejects.toThrow("its format is 99");
  });
});
