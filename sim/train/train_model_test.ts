import { expect } from "expect";
import { loadModel } from "../../src/fraud/model/load_model.ts";
import { MODEL_NAME, ORACLE_NAME } from "./contender.ts";
import { type Scoreboard } from "./scoreboard.ts";
import { trainModel } from "./train_model.ts";

Deno.test("the default model beats rules, is no worse than a regression, and not too good to be true", async () => {
  const fixture = new URL("../../fixtures/model", import.meta.url).pathname;
  const { lines, lift, shareOfAttainable, falsePositiveBudget }: Scoreboard = JSON.parse(
    await Deno.readTextFile(`${fixture}/scoreboard.json`),
  );
  expect(falsePositiveBudget).toBe(0.0025);
  const model = lines.find(({ name }) => name === MODEL_NAME)!;
  expect(model.averagePrecision).toBeGreaterThan(0.2);
  expect(model.at75.falsePositiveRate).toBeLessThan(0.005);
  // An oracle who knows which payments belong to an affair bounds it; a model above that has a leak.
  expect(shareOfAttainable!.share95[1]).toBeLessThan(1);
  for (const { over, difference95 } of lift) {
    // 600 frauds do not tell the ensemble and a regression on the same features apart; it must not be worse.
    if (over === "logistic regression") expect(difference95[1]).toBeGreaterThan(0);
    else if (over !== ORACLE_NAME) expect(difference95[0]).toBeGreaterThan(0);
  }
});

Deno.test("trainModel() gives the same model for the same seed, and one that the server loads", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const world = { seed: 7, days: 24, customers: 400, startMs: Date.UTC(2026, 0, 5) };
    const first = await trainModel({ world, outDirectory: `${directory}/first` });
    const second = await trainModel({ world, outDirectory: `${directory}/second` });
    for (const name of ["manifest.json", "model.json", "weights.bin", "scoreboard.json"]) {
      expect(await Deno.readTextFile(`${directory}/second/${name}`))
        .toBe(await Deno.readTextFile(`${directory}/first/${name}`));
    }
    expect(second.manifest.backend).toBe("wasm");
    expect(first.text).toMatch(/This model: its training, 2026-.* knows of 12 frauds, fewer than 50: /);
    const [, passes, most] = /training rows this often: (\d+) of (\d+) at most/.exec(first.text)!;
    expect(Number(passes)).toBeGreaterThan(0);
    expect(Number(passes)).toBeLessThanOrEqual(Number(most));

    const { manifest } = await loadModel(`${directory}/first`);
    expect(manifest.modelVersion).toBe(first.manifest.modelVersion);
    expect(await Deno.readTextFile(`${directory}/first/precision_recall.svg`)).toMatch(/^<svg /);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a world with too little fraud is refused with what there is, and nothing is written", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const world = { seed: 11, days: 20, customers: 100, startMs: Date.UTC(2026, 0, 5) };
    await expect(trainModel({ world, outDirectory: `${directory}/model` })).rejects.toThrow(
      /^train_too_few_frauds: its (training|validation|test), 2026-.* has [01] (known )?frauds?; 2 are needed at least\. Give more --days/,
    );
    await expect(Deno.stat(`${directory}/model`)).rejects.toThrow(Deno.errors.NotFound);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
