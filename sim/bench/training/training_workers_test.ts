import { expect } from "expect";
import { fileURLToPath } from "node:url";
import { streamFeatures } from "../../train/stream_features.ts";
import { worldSource } from "../../train/world_source.ts";
import { rowsOf } from "../../train/sample_rows.ts";
import { rollingFolds } from "../../train/split.ts";
import { benchOptions } from "../bench_options.ts";
import { runBench } from "../run_bench.ts";
import { partsOf, type TestPeriod } from "./train_part.ts";
import { TrainingHere } from "./training.ts";
import { TrainingWorkers } from "./training_workers.ts";

const WORLD = ["--days", "30", "--customers", "1000", "--seed", "7", "--folds", "2"];
const QUICK = ["--seeds", "2", "--train-rows", "1000", "--epochs", "1", "--forest", "off"];

Deno.test("figures do not depend on the number of workers: scoreboard, models and scores are the same to the bit", async () => {
  const runWith = async (workers: string) => {
    const lines: string[] = [];
    const run = await runBench(
      benchOptions([...WORLD, ...QUICK, "--workers", workers]),
      (line) => lines.push(line),
    );
    return { ...run, lines };
  };
  const alone = await runWith("1");
  expect(alone.lines.length).toBe(2);
  const shared = await runWith("2");
  expect(shared.scoreboard).toEqual(alone.scoreboard);
  expect(shared.lines).toEqual(alone.lines);
  expect(shared.runs.length).toBe(2);
  shared.runs.forEach((run, period) => {
    const { model: { sample, ...model }, contenders, bySeed } = alone.runs[period];
    expect(run.contenders).toEqual(contenders);
    expect(run.bySeed).toEqual(bySeed);
    const { sample: itsSample, ...itsModel } = run.model;
    expect(itsModel).toEqual(model);
    expect(itsSample.rows.rows).toEqual(sample.rows.rows);
    expect(itsSample.rows.label).toEqual(sample.rows.label);
    expect(itsSample.genuineRate).toBe(sample.genuineRate);
  });
});

const START_MS = Date.UTC(2026, 0, 5);
const payments = streamFeatures(worldSource({ seed: 3, days: 20, customers: 200, startMs: START_MS }));
const folds = rollingFolds([START_MS, START_MS + 20 * 86_400_000], 3, 7);

/** A regression a fold, the second of them with a row of test that there is not. */
function withBrokenSecond() {
  const periods = folds.map((fold, place): TestPeriod => ({
    number: place + 1,
    test: place === 1 ? Uint32Array.of(payments.length + 4) : rowsOf(payments, fold.test),
    variants: [{ fold, suffix: "", isModel: false }],
  }));
  const settings = { seeds: [1], trainRows: 1_000, epochs: 1, sequenceSeeds: [], sequenceEpochs: 1 };
  return { periods, parts: partsOf(periods, settings).filter(({ kind }) => kind === "regression") };
}

Deno.test("an error in a worker comes out as it would without one, and no part is left waiting", async () => {
  const { periods, parts } = withBrokenSecond();
  const ask = (training: TrainingHere | TrainingWorkers, place: number) =>
    training.trained("regression", periods[place], periods[place].variants[0]);
  const here = new TrainingHere(payments, parts);
  const broken = {
    name: "InvariantError",
    message: `Row ${payments.length + 4} of ${payments.length} payments was asked for.`,
  };
  await expect(ask(here, 1)).rejects.toMatchObject(broken);
  const workers = new TrainingWorkers(payments, parts, 1);
  try {
    expect(await ask(workers, 0)).toEqual(await ask(here, 0));
    await expect(ask(workers, 1)).rejects.toMatchObject({
      ...broken,
      stack: expect.stringContaining("train_part.ts"),
    });
    // Never begun, as the run is over.
    await expect(ask(workers, 2)).rejects.toMatchObject(broken);
  } finally {
    workers.end();
  }
});

Deno.test("a run that ends early ends its workers, and says why", async () => {
  const folder = fileURLToPath(new URL("../examples/tfjs_logistic", import.meta.url));
  const saidToHaveSeenAll = await Deno.makeTempDir();
  try {
    for await (const { name } of Deno.readDir(folder)) {
      await Deno.copyFile(`${folder}/${name}`, `${saidToHaveSeenAll}/${name}`);
    }
    const contract = JSON.parse(await Deno.readTextFile(`${folder}/contract.json`));
    await Deno.writeTextFile(
      `${saidToHaveSeenAll}/contract.json`,
      JSON.stringify({ ...contract, trainedUntil: "2026-03-01T00:00:00Z" }),
    );
    const model = ["--model", `late=tfjs:${saidToHaveSeenAll}`];
    const running = await leftRunning(() =>
      expect(
        runBench(benchOptions([...WORLD, ...QUICK, "--sequence", "0", "--workers", "2", ...model])),
      ).rejects.toMatchObject({ code: "model_saw_the_test" })
    );
    expect(running).toEqual({ started: 2, left: 0 });
  } finally {
    await Deno.remove(saidToHaveSeenAll, { recursive: true });
  }
});

/** How many workers `work` started, and how many of them it did not end. */
async function leftRunning(work: () => Promise<unknown>): Promise<{ started: number; left: number }> {
  const running = new Set<Worker>();
  let started = 0;
  const counted = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      running.add(this);
      started++;
    }
    override terminate(): void {
      running.delete(this);
      super.terminate();
    }
  };
  await withWorker(counted, work);
  return { started, left: running.size };
}

async function withWorker(instead: typeof Worker, work: () => Promise<unknown>): Promise<void> {
  const real = globalThis.Worker;
  globalThis.Worker = instead;
  try {
    await work();
  } finally {
    globalThis.Worker = real;
  }
}

Deno.test("a thread that ends by itself ends the run with what to do", async () => {
  const ending = class extends Worker {
    constructor(_: string | URL, options: ConstructorParameters<typeof Worker>[1]) {
      super(`data:text/javascript,throw new Error("no more memory")`, options);
    }
  };
  const { periods, parts } = withBrokenSecond();
  await withWorker(ending, async () => {
    const workers = new TrainingWorkers(payments, parts, 2);
    try {
      for (const period of periods) {
        await expect(workers.trained("regression", period, period.variants[0])).rejects.toThrow(
          /^train_worker_ended: thread [12] of those that train ended: .*no more memory\. Give --workers 1 to/,
        );
      }
    } finally {
      workers.end();
    }
  });
});

Deno.test("--workers takes a number of threads, as many as there are cores when left out", () => {
  expect(benchOptions([]).workers).toBe(navigator.hardwareConcurrency);
  expect(benchOptions(["--workers", "3"]).workers).toBe(3);
  expect(() => benchOptions(["--workers", "0"])).toThrow(
    'invalid_flag: --workers must be a whole number from 1 to 256, not "0".',
  );
});
