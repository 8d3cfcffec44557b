import { expect } from "expect";
import { loadModel } from "../../src/fraud/model/load_model.ts";
import type { Scoreboard } from "./scoreboard.ts";
import { trainModel } from "./train_model.ts";

Deno.test("the default model beats rules, matches logistic regressions, and is not too good to be true", async () => {
  const fixture = new URL("../../fixtures/model", import.meta.url).pathname;
  const { lines, lift }: Scoreboard = JSON.parse(await Deno.readTextFile(`${fixture}/scoreboard.json`));
  const model = lines.at(-1)!;
  expect(model.name).toBe("the model");
  expect(model.averagePrecision).toBeGreaterThan(0.2);
  // Above that, look for a leak: an oracle who knows which payments belong to an affair has 0.6 in this world.
  expect(model.averagePrecision).toBeLessThan(0.5);
  expect(lift.length).toBe(lines.length - 2);
  for (const { over, difference95 } of lift) {
    // 600 frauds do not tell the network and logistic regressions on all features apart; it must not be worse.
    if (over.startsWith("logistic regression")) expect(difference95[1]).toBeGreaterThan(0);
    else expect(difference95[0]).toBeGreaterThan(0);
  }
});

Deno.test("trainModel() gives the same model for the same seed, and one that the server loads", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const world = { seed: 11, days: 24, customers: 500, startMs: Date.UTC(2026, 0, 5) };
    const first = await trainModel({ world, outDirectory: `${directory}/first` });
    const second = await trainModel({ world, outDirectory: `${directory}/second` });
    for (const name of ["manifest.json", "model.json", "weights.bin", "scoreboard.json"]) {
      expect(await Deno.readTextFile(`${directory}/second/${name}`))
        .toBe(await Deno.readTextFile(`${directory}/first/${name}`));
    }
    expect(second.manifest.backend).toBe("wasm");

    const { manifest } = await loadModel(`${directory}/first`);
    expect(manifest.modelVersion).toBe(first.manifest.modelVersion);
    expect(await Deno.readTextFile(`${directory}/first/precision_recall.svg`)).toMatch(/^<svg /);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
