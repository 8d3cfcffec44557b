import { expect } from "expect";
import { FEATURE_HASH, FEATURES } from "./fraud/features/catalogue.ts";
import { ConfigError } from "./config.ts";
import { keepModel, writeChampionFile } from "./promotion/champion_file.ts";
import { loadChallenger, loadFraudModel, SHIPPED_MODEL_DIRECTORY } from "./load_fraud_model.ts";

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

Deno.test("a promoted model comes before the data folder's own, and after MODEL_DIR; files of another version are refused", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const settings = { modelDirectory: null, dataDirectory: folder };
    await copyModel(`${folder}/model`, (manifest) => manifest.modelVersion = "trained");
    await copyModel(`${folder}/better`, (manifest) => manifest.modelVersion = "better");
    const kept = await keepModel(folder, `${folder}/better`, "better");
    const last = {
      promotionId: "prm_1",
      at: "2026-03-01T00:00:00.000Z",
      actor: "ada",
      action: "promote",
      from: "trained",
      to: "better",
      evidence: null,
    } as const;
    await writeChampionFile(folder, { line: [kept], last });
    expect((await loadFraudModel(settings)).modelVersion).toBe("better");
    expect((await loadFraudModel({ ...settings, modelDirectory: `${folder}/model` })).modelVersion).toBe(
      "trained",
    );
    await writeChampionFile(folder, { line: [{ ...kept, modelVersion: "other" }], last });
    await expect(loadFraudModel(settings)).rejects.toThrow("holds model better, not the promoted other");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a challenger is loaded from CHALLENGER_MODEL_DIR alone; one of other features stops the start", async () => {
  const folder = await Deno.makeTempDir();
  try {
    expect(await loadChallenger({ challengerDirectory: null })).toBe(null);
    await copyModel(folder, (manifest) => manifest.modelVersion = "challenger");
    expect((await loadChallenger({ challengerDirectory: folder }))!.modelVersion).toBe("challenger");
    await copyModel(folder, (manifest) => manifest.featureHash = "0000000000000000");
    const refused = loadChallenger({ challengerDirectory: folder });
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(
      /trained on the features 0000000000000000, this program computes [0-9a-f]{16}.*CHALLENGER_MODEL_DIR/,
    );
    // Who gave a flag is told of the flag.
    const ofFlag = loadChallenger({ challengerDirectory: "/nonexistent" }, "--challenger");
    await expect(ofFlag).rejects.toThrow(/\/nonexistent.*chosen by --challenger\.$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
