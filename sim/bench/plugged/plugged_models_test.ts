import { expect } from "expect";
import * as tf from "@tensorflow/tfjs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { FEATURES } from "../../../src/fraud/features/catalogue.ts";
import { streamFeatures } from "../../train/stream_features.ts";
import { startWasmBackend } from "../../train/wasm_backend.ts";
import { worldSource } from "../../train/world_source.ts";
import { serializeModel } from "../../train/write_model.ts";
import { benchOptions } from "../bench_options.ts";
import { answer } from "../examples/http_scorer.ts";
import { runNotes } from "../report/facts.ts";
import { runBench } from "../run_bench.ts";
import { modelSpecs } from "./model_spec.ts";
import { PlugError } from "./plug_error.ts";
import { openModels, probeModels } from "./probe_models.ts";

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

type Serve = (request: Request) => Response | Promise<Response>;

async function served<T>(handler: Serve, work: (url: string) => Promise<T>): Promise<T> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  try {
    return await work(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

Deno.test("the three examples and a folder of `deno task train` are rows of the scoreboard like all others", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const run = await served(answer, (url) =>
      runBench(benchOptions([
        // Not the shipped model's seed: people and most payments of that one are the same in a world of any size.
        ...[
          "--seed",
          "9",
          "--days",
          "40",
          "--customers",
          "3000",
          "--folds",
          "1",
          "--seeds",
          "1",
          "--train-rows",
          "4000",
        ],
        ...["--epochs", "1", "--forest", "off", "--sequence", "0", "--folds-out", folder],
        ...["--model", `tfjs:${path("examples/tfjs_logistic")}`],
        ...["--model", `onnx:${path("examples/logistic.onnx")}`],
        ...["--model", `bayes=${url}`],
        ...["--model", `own=tfjs:${path("../../fixtures/model")}`],
      ])));
    const { lines, baseRate } = run.scoreboard;
    expect(lines.map(({ name }) => name)).toEqual([
      "amount rule",
      "rules",
      "logistic regression",
      "tfjs_logistic",
      "logistic.onnx",
      "bayes",
      "own",
      "the model",
      "the oracle",
    ]);
    const line = (name: string) => lines.find((its) => its.name === name)!;
    // One regression in two formats, through two runtimes.
    expect(line("tfjs_logistic").averagePrecision).toBeCloseTo(line("logistic.onnx").averagePrecision, 6);
    expect(line("tfjs_logistic").at75).toEqual(line("logistic.onnx").at75);
    for (const name of ["tfjs_logistic", "logistic.onnx", "bayes", "own"]) {
      const { averagePrecision, rocAuc, calibrationError } = line(name);
      expect([name, rocAuc > 0.7 && rocAuc < 0.999]).toEqual([name, true]);
      expect([name, averagePrecision > 4 * baseRate]).toEqual([name, true]);
      expect([name, averagePrecision < line("the oracle").averagePrecision]).toEqual([name, true]);
      expect([name, calibrationError! < 0.01]).toEqual([name, true]);
    }
    expect(runNotes(run)).toEqual([]);

    // What other programs train on is what the fold's own models were trained on.
    const about = JSON.parse(await Deno.readTextFile(join(folder, "fold-1/fold.json")));
    expect(about.features).toEqual(FEATURES.map(({ name }) => name));
    const [{ model, judged }] = run.runs;
    const labels = await readNpy(join(folder, "fold-1/train_label.npy"));
    expect(labels.header).toContain(`'shape': (${model.sample.rows.length},)`);
    expect(labels.bytes).toEqual(model.sample.rows.label);
    const matrix = await readNpy(join(folder, "fold-1/validation.npy"));
    expect(matrix.header).toContain(
      `'<f4', 'fortran_order': False, 'shape': (${judged.validation.length}, ${FEATURES.length},)`,
    );
    const second = new Float32Array(matrix.bytes.slice(4 * FEATURES.length, 8 * FEATURES.length).buffer);
    expect(second).toEqual(run.payments.vector(judged.validation[1]).slice());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a model trained on a larger world of the same seed has seen its payments, and is refused", async () => {
  const bench = runBench(benchOptions([
    ...[
      "--days",
      "40",
      "--customers",
      "500",
      "--folds",
      "1",
      "--seeds",
      "1",
      "--forest",
      "off",
      "--sequence",
      "0",
    ],
    ...["--model", `own=tfjs:${path("../../fixtures/model")}`],
  ]));
  await expect(bench).rejects.toMatchObject({ code: "model_saw_the_test" });
});

async function readNpy(file: string): Promise<{ header: string; bytes: Uint8Array }> {
  const all = await Deno.readFile(file);
  const length = all[8] + 256 * all[9];
  expect((10 + length) % 64).toBe(0);
  return { header: new TextDecoder().decode(all.subarray(10, 10 + length)), bytes: all.slice(10 + length) };
}

const TINY = { seed: 3, days: 8, customers: 60, startMs: Date.UTC(2026, 0, 5) };
const OPTIONS = { timeoutMs: 300, isWorld: () => true };

async function codeOf(model: string, payments = streamFeatures(worldSource(TINY))): Promise<string> {
  try {
    await probeModels(await openModels(modelSpecs([model]), OPTIONS), payments);
    return "fine";
  } catch (error) {
    if (!(error instanceof PlugError)) throw error;
    expect(error.message.startsWith(`${error.code}: "`)).toBe(true);
    // Two sentences: what failed, and the next move.
    expect(error.message).toMatch(/\. [A-Z"][^.]*.*\.$|…$/s);
    return error.code;
  }
}

Deno.test("a scorer that breaks the contract is told how, by a stable code", async () => {
  const payments = streamFeatures(worldSource(TINY));
  const answers: [string, unknown, Serve][] = [
    ["fine", {}, (request) => halves(request, (n) => new Array(n).fill(0.5))],
    ["fine", { needs: ["columns"] }, async (request) => {
      const { columns, payments } = await request.json();
      const whole = ["epoch_s", "amount_usd", "customer_id", "terminal_id"].every((name) =>
        columns[name].length === payments
      );
      return Response.json({ probabilities: new Array(payments).fill(whole ? 0.1 : 2) });
    }],
    ["model_wrong_answer", {}, (request) => halves(request, (n) => new Array(n - 1).fill(0.5))],
    ["model_wrong_answer", {}, () => Response.json([0.5])],
    ["model_wrong_answer", {}, () => new Response("0.5")],
    ["model_no_probability", {}, (request) => halves(request, (n) => new Array(n).fill(NaN))],
    ["model_no_probability", {}, (request) => halves(request, (n) => new Array(n).fill(1.5))],
    ["model_no_probability", {}, (request) => halves(request, (n) => new Array(n).fill("0.5"))],
    ["model_refused", {}, () => new Response("no weights", { status: 500 })],
    ["model_timeout", {}, () => new Promise((resolve) => setTimeout(() => resolve(new Response()), 900))],
    ["model_wrong_features", { features: ["shoe_size"] }, () => new Response()],
    ["model_wrong_features", { needs: ["everything"] }, () => new Response()],
    ["model_unreadable", { trainedUntil: "yesterday" }, () => new Response()],
    ["model_unreadable", [], () => new Response()],
  ];
  for (const [code, contract, score] of answers) {
    const handler: Serve = (request) => request.method === "GET" ? Response.json(contract) : score(request);
    const given = await served(handler, (url) => codeOf(url, payments));
    expect([code, contract, given]).toEqual([code, contract, code]);
  }
  const gone = await served(() => new Response(), (url) => Promise.resolve(url));
  expect(await codeOf(gone, payments)).toBe("model_unreachable");
});

async function halves(request: Request, make: (count: number) => unknown[]): Promise<Response> {
  return Response.json({ probabilities: make((await request.json()).features.length) });
}

Deno.test("so is a TF.js folder or an ONNX file", async () => {
  const payments = streamFeatures(worldSource(TINY));
  const folder = await Deno.makeTempDir();
  try {
    await startWasmBackend();
    const width: number = FEATURES.length;
    const save = async (name: string, units: number, contract: unknown, inputs: number = width) => {
      const model = tf.sequential();
      model.add(
        tf.layers.dense({ units, inputShape: [inputs], activation: "sigmoid", kernelInitializer: "zeros" }),
      );
      const { modelJson, weights } = await serializeModel(model);
      await Deno.mkdir(join(folder, name));
      await Deno.writeTextFile(join(folder, name, "model.json"), modelJson);
      await Deno.writeFile(join(folder, name, "weights.bin"), weights);
      if (contract) await Deno.writeTextFile(join(folder, name, "contract.json"), JSON.stringify(contract));
    };
    await save("one", 1, null);
    await save("two", 2, { features: ["night", "amount_usd"] }, 2);
    await save("three", 3, null);
    await save("narrow", 1, null, width - 1);
    await Deno.mkdir(join(folder, "empty"));
    await Deno.writeTextFile(join(folder, "text.onnx"), "no model");
    const onnx = await Deno.readFile(path("examples/logistic.onnx"));
    await Deno.writeFile(join(folder, "narrow.onnx"), onnx);
    await Deno.writeTextFile(join(folder, "narrow.contract.json"), '{"features": ["night"]}');
    const cases: [string, string][] = [
      ["tfjs:one", "fine"],
      ["tfjs:two", "fine"],
      ["tfjs:three", "model_wrong_answer"],
      ["tfjs:narrow", "model_wrong_features"],
      ["tfjs:empty", "model_unreadable"],
      ["tfjs:nowhere", "model_unreadable"],
      ["onnx:nowhere.onnx", "model_unreadable"],
      ["onnx:text.onnx", "model_unreadable"],
      ["onnx:narrow.onnx", "model_wrong_features"],
    ];
    for (const [model, code] of cases) {
      const given = await codeOf(model.replace(":", `:${folder}/`), payments);
      expect([model, given]).toEqual([model, code]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a model that says it has seen the test is not judged by it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for await (const { name } of Deno.readDir(path("examples/tfjs_logistic"))) {
      await Deno.copyFile(path(`examples/tfjs_logistic/${name}`), join(folder, name));
    }
    const contract = JSON.parse(await Deno.readTextFile(join(folder, "contract.json")));
    const run = async (trainedUntil: string) => {
      await Deno.writeTextFile(join(folder, "contract.json"), JSON.stringify({ ...contract, trainedUntil }));
      return await runBench(benchOptions([
        ...["--days", "24", "--customers", "800", "--folds", "1", "--seeds", "1", "--train-rows", "1000"],
        ...["--epochs", "1", "--forest", "off", "--sequence", "0", "--model", `late=tfjs:${folder}`],
      ]));
    };
    await expect(run("2026-01-28T00:00:00Z")).rejects.toThrow("model_saw_the_test");
    const { scoreboard } = await run("2026-01-10T00:00:00Z");
    expect(scoreboard.lines.map(({ name }) => name)).toContain("late");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("--model names kind, place and, if one likes, the row", () => {
  expect(
    modelSpecs([
      "tfjs:a/b/",
      "net=onnx:c/fold-{fold}.onnx",
      "http:http://127.0.0.1:8200/",
      "s=https://x.test/m?k=v",
    ]),
  )
    .toEqual([
      { name: "b", kind: "tfjs", at: "a/b/" },
      { name: "net", kind: "onnx", at: "c/fold-{fold}.onnx" },
      { name: "127.0.0.1:8200", kind: "http", at: "http://127.0.0.1:8200" },
      { name: "s", kind: "http", at: "https://x.test/m?k=v" },
    ]);
  for (
    const wrong of [["pickle:a.pkl"], ["a/b"], ["tfjs:"], ["the model=tfjs:a"], ["tfjs:a/x", "onnx:b/x"]]
  ) {
    expect(() => modelSpecs(wrong)).toThrow("--model");
  }
  // Who has two of one name is told which, and what to write.
  expect(() => modelSpecs(["tfjs:a/x", "onnx:b/x"])).toThrow(
    'a/x and b/x would both be called "x". Give one another name: --model "x 2=onnx:b/x".',
  );
  expect(() => modelSpecs(["n=tfjs:a", "n=http://x.test"])).toThrow('--model "n 2=http://x.test"');
  expect(() => modelSpecs(["tfjs:a/rules"])).toThrow('--model "rules 2=tfjs:a/rules"');
});
