import { expect } from "expect";
import { FEATURE_HASH, FEATURES } from "./fraud/features/catalogue.ts";
import { ConfigError } from "./config.ts";
import { loadFraudModel, SHIPPED_MODEL_DIRECTORY } from "./load_fraud_model.ts";

async function copyModel(target: string, change: (manifest: Record<string, unknown>) => void): Promise<void> {
  await Deno.mkdir(target, { recursive: true });
  for (const name of ["model.json", "weights.bin"]) {
    await Deno.copyFile(`${SHIPPED_MODEL_DIRECTORY}/${name}`, `${target}/${name}`);
  }
  const manifest = JSON.parse(await Deno.readTextFile(`${SHIPPED_MODEL_DIRECTORY}/manifest.json`));
  change(manifest);
  await Deno.writeTextFile(`${target}/manifest.json`, JSON.stringify(manifest));
}

Deno.test("the model comes from MODEL_DIR, else from the data folder, else from fixtures/", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const settings = { modelDirectory: null, dataDirectory: folder };
    expect((await loadFraudModel(settings)).directory).toBe(SHIPPED_MODEL_DIRECTORY);
    await copyModel(`${folder}/model`, () => {});
    expect((await loadFraudModel(settings)).directory).toBe(`${folder}/model`);
    await copyModel(`${folder}/chosen`, (manifest) => manifest.modelVersion = "chosen");
    const model = await loadFraudModel({ ...settings, modelDirectory: `${folder}/chosen` });
    expect([model.directory, model.modelVersion]).toEqual([`${folder}/chosen`, "chosen"]);
    expect(model.score(new Float64Array(FEATURES.length)).riskScore).toBeGreaterThanOrEqual(0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a model of other features is refused, wherever it lies, and never silently replaced by the shipped one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await copyModel(`${folder}/model`, (manifest) => manifest.featureHash = "0000000000000000");
    for (const modelDirectory of [null, `${folder}/model`]) {
      const refused = expect(loadFraudModel({ modelDirectory, dataDirectory: folder })).rejects;
      await refused.toThrow(ConfigError);
      await expect(loadFraudModel({ modelDirectory, dataDirectory: folder })).rejects.toThrow(
        `trained on the features 0000000000000000, this program computes ${FEATURE_HASH}`,
      );
    }
    await expect(loadFraudModel({ modelDirectory: `${folder}/nowhere`, dataDirectory: folder })).rejects
      .toThrow(
        "MODEL_DIR",
      );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
