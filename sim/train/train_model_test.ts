import { expect } from "expect";
import { loadModel } from "../../src/fraud/model/load_model.ts";
import { trainModel } from "./train_model.ts";

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
    const line = first.scoreboard.lines.at(-1)!;
    expect(line.name).toBe("the model");
    expect(line.averagePrecision).toBeGreaterThan(first.scoreboard.baseRate * 5);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
