import { expect } from "expect";
import { join } from "node:path";
import { Random } from "../../src/core/random.ts";
import { benchOptions } from "./bench_options.ts";
import { findingNotes } from "./findings/finding_notes.ts";
import { runWithFindings, terminalText } from "./fraud_bench.ts";
import { htmlReport } from "./report/html_report.ts";
import { modelCard } from "./report/model_card.ts";
import type { Scoreboard } from "../train/scoreboard.ts";
import { runBench } from "./run_bench.ts";

const QUICK = "--seeds 1 --sequence 0 --train-rows 1000 --epochs 1 --forest off --workers 1".split(" ");
const DAYS = 40;

/** A few payments a day; `isFraud` says which of them are stolen, by day and place in the day. */
async function withFile(
  { customers, isFraud, fraudAmount = 90, column = () => "" }: {
    customers: number;
    isFraud: (day: number, place: number) => boolean;
    fraudAmount?: number;
    column?: (row: number) => string;
  },
  work: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const random = new Random(5);
    const lines = ["tx_id,epoch_s,customer_id,terminal_id,amount,fraud,posterior"];
    for (let row = 0; row < DAYS * 20; row++) {
      const [day, place] = [Math.floor(row / 20), row % 20];
      const fraud = isFraud(day, place);
      const atS = 1_700_006_400 + day * 86_400 + place * 4_000;
      const amount = ((fraud ? fraudAmount : 20) * (0.5 + random.uniform())).toFixed(2);
      lines.push(
        [row, atS, `c${row % customers}`, `m${row % 7}`, amount, fraud ? 1 : 0, column(row)].join(","),
      );
    }
    await Deno.writeTextFile(join(folder, "mine.csv"), lines.join("\n"));
    await work(join(folder, "mine.csv"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function textsOf(args: readonly string[]): Promise<string[]> {
  const { run, findings } = await runWithFindings(benchOptions([...args, ...QUICK]));
  return [terminalText(run, findings), modelCard(run, findings), htmlReport(run, findings)];
}

Deno.test("one customer, a half-filled posterior and a period without fraud: each is said, and no figure is made up", async () => {
  const customers = 1;
  // None in the last test period.
  const isFraud = (day: number, place: number) => day < 34 && place % 10 === 3;
  await withFile({ customers, isFraud, column: (row) => row % 2 === 0 ? "0.1" : "" }, async (path) => {
    for (const text of await textsOf(["--dataset", path])) {
      expect(text).not.toMatch(/NaN|undefined|Infinity/);
      expect(text).toMatch(
        /Period 4, 2023-12-\d\d to 2023-12-\d\d, is left out: its test, .* has 0 frauds\./,
      );
      expect(text).toMatch(/posterior\) is missing for 400 of 800 payments/);
      expect(text).toMatch(/All \d+ frauds of the test are of 1 customer: .*no interval is given/);
    }
    const [terminal, card, page] = await textsOf(["--dataset", path, "--folds", "2"]);
    // The caveat stands before the first figure of the tables, and nothing is drawn that is not given.
    for (const [text, table] of [[card, "## At score 75"], [page, "<table"]]) {
      expect(text.indexOf("no interval is given")).toBeGreaterThan(0);
      expect(text.indexOf("no interval is given")).toBeLessThan(text.indexOf(table));
    }
    expect(page).not.toMatch(/band: 95%|whiskers|Intervals: 95%/);
    expect(card).not.toMatch(/[Ss]imulated|invented|\n\n\n/);
    expect(card).toContain("The figures are those of this file and its periods.");
    const [, passes, most] = /passes of the networks: (\d+) of (\d+) at most/.exec(terminal)!;
    expect(page).toContain(`last period: ${passes} passes`);
    expect(Number(most)).toBe(80);
    // One network has no spread, and is no ensemble.
    expect(card).toContain("A dense network (piecewise-linear");
    expect(terminal).toMatch(/one network alone: AP [01]\.\d+, one seed: nothing is known of the spread/);
    const ranking = terminal.slice(terminal.indexOf("Without any threshold"));
    expect(ranking).toMatch(/\nthe model +[01]\.\d{3} +– /);
  });
});

Deno.test("with fraud of few customers intervals are printed and said to mean little; of many, nothing is said", async () => {
  const isFraud = (_: number, place: number) => place % 10 === 3;
  await withFile({ customers: 6, isFraud }, async (path) => {
    const [terminal] = await textsOf(["--dataset", path]);
    expect(terminal).not.toContain("pays once");
    expect(terminal).toMatch(/frauds of the test are of \d customers: .* they mean little/);
    expect(terminal).not.toMatch(/NaN|posterior|left out/);
  });
  await withFile({ customers: 61, isFraud }, async (path) => {
    const [terminal] = await textsOf(["--dataset", path]);
    expect(terminal).not.toContain("mean little");
  });
});

Deno.test("too little is refused before anything is trained, with what there is", async () => {
  const run = (path: string, ...more: string[]) =>
    runBench(benchOptions(["--dataset", path, ...QUICK, ...more]));
  await withFile({ customers: 50, isFraud: (day, place) => day === 5 && place < 4 }, async (path) => {
    await expect(run(path)).rejects.toThrow(
      /^dataset_too_few_frauds: its validation, .* has 0 known frauds; 2 are needed/,
    );
    await expect(run(path, "--folds", "1")).rejects.toThrow(
      /Give fewer --label-delay-days, or data with more fraud\.$/,
    );
  });
  await withFile({ customers: 50, isFraud: (_, place) => place === 1 }, async (path) => {
    await expect(run(path, "--label-delay-days", "35")).rejects.toThrow(
      /^dataset_too_short: the payments span 40 days, .* need 42\. Give fewer --folds/,
    );
    await expect(run(path, "--label-delay-days", "60", "--folds", "1")).rejects.toThrow(
      /; 1 fold with labels after 60 days needs 64\. Give fewer --label-delay-days, or data of more days;/,
    );
    // Asked for by name and not there: said before the file is read.
    const forest = ["--dataset", "/nonexistent.csv", "--forest", "/nonexistent/python"];
    await expect(runBench(benchOptions(forest))).rejects.toThrow(
      "forest_missing: --forest: /nonexistent/python has no LightGBM (there is no such program)",
    );
    const models = [["tfjs:/nonexistent", "/nonexistent/model.json"], [
      "onnx:/fold-{fold}.onnx",
      "/fold-1.onnx",
    ]];
    for (const [model, named] of models) {
      const options = ["--dataset", "/nonexistent.csv", "--forest", "off", "--model", model];
      await expect(runBench(benchOptions(options))).rejects.toThrow(
        new RegExp(`^model_unreadable: .*${named}`),
      );
    }
  });
});

Deno.test("of a world that is too small, the flags that make it larger are told", async () => {
  const run = (...world: string[]) => runBench(benchOptions([...world, "--forest", "off"]));
  await expect(run("--days", "20", "--customers", "300", "--folds", "1")).rejects.toThrow(
    /^dataset_too_few_frauds: .*more --days, more --customers, or another --seed\.$/,
  );
  await expect(run("--days", "20", "--customers", "100", "--folds", "12")).rejects.toThrow(
    /^dataset_too_short: .*, or more --days\.$/,
  );
});

Deno.test("little fraud, customers who come once and a model that only guesses are said on console, report and card", async () => {
  // Frauds by chance of amounts like all others', a customer each.
  const random = new Random(9);
  const stolen = new Set(Array.from({ length: 40 }, () => random.integer(0, DAYS * 20 - 1)));
  const isFraud = (day: number, place: number) => stolen.has(day * 20 + place);
  await withFile({ customers: DAYS * 20, isFraud, fraudAmount: 20 }, async (path) => {
    for (const text of await textsOf(["--dataset", path, "--folds", "1"])) {
      expect(text).toMatch(/Period 1: its training, .* knows of \d\d? frauds, fewer than 50: /);
      expect(text).toContain("Every customer pays once: 800 customers made 800 payments.");
      expect(text).toContain("The model is no better than chance on this data: its ");
    }
  });
});

Deno.test("each period leaves a line as soon as it is done", async () => {
  await withFile({ customers: 50, isFraud: (_, place) => place % 10 === 3 }, async (path) => {
    const lines: string[] = [];
    const run = await runBench(
      benchOptions(["--dataset", path, ...QUICK, "--folds", "2"]),
      (line) => lines.push(line),
    );
    expect(lines.length).toBe(2);
    run.runs.forEach(({ model }, period) => {
      const apOf = (name: string) =>
        run.scoreboard.lines.find((line) => line.name === name)!.averagePrecisionByFold[period].toFixed(3);
      expect(lines[period]).toMatch(new RegExp(`^Period ${period + 1}, 2023-\\d\\d-\\d\\d to 2023-`));
      expect(lines[period]).toContain(
        `: AP logistic regression ${apOf("logistic regression")}, the model ${apOf("the model")}; ` +
          `trained on ${model.sample.rows.frauds} known frauds, tested on `,
      );
    });
  });
});

Deno.test("one feature that carries most of a real AP is told; of a model that guesses, or of many features, none is", () => {
  const notes = (loss: number, low: number) =>
    findingNotes(
      { importances: [{ feature: "amount_ln", loss }, { feature: "hour", loss: 0.01 }] },
      {
        baseRate: 0.01,
        lines: [
          { name: "the model", averagePrecision95: [low, 0.7], averagePrecisionByFold: [0.2, 0.6] },
        ] as unknown as Scoreboard["lines"],
      },
    );
  expect(notes(0.5, 0.4)).toEqual([
    expect.stringMatching(/^Check amount_ln: .* AP falls from 0\.600 to 0\.100 \(last period\)/),
  ]);
  expect(notes(0.3, 0.4)).toEqual([]);
  expect(notes(0.5, 0.005)).toEqual([]);
});

Deno.test("what the preset has of its own is refused with what to do instead", () => {
  expect(() => benchOptions(["--preset", "handbook", "--customers", "200"])).toThrow(
    "--preset handbook has its own --customers: leave --customers out, or leave out --preset",
  );
});
