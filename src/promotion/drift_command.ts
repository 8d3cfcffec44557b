/**
 * `deno task model:drift [--top 10] [--model FOLDER]`: how far the payments that servers screened lie from those that the
 * model learned from, as population stability indices of the score and of the features that moved most, by month. It
 * judges nothing; works beside a running server.
 */
import { parseArgs } from "node:util";
import { readConfig } from "../config.ts";
import { FlagError, OperatorError, runCommand } from "../core/run_command.ts";
import { joinDatabase } from "../db/open_database.ts";
import { openPool } from "../db/pool.ts";
import { FEATURES } from "../fraud/features/catalogue.ts";
import { loadFraudModel } from "../load_fraud_model.ts";
import { table } from "./evidence_text.ts";
import { type MonthDrift, storedDrift } from "./stored_drift.ts";

const DEFAULT_TOP = 10;

/** The months side by side: how many payments, what chance alone gives, the score, the `top` features. */
export function driftText(modelVersion: string, months: readonly MonthDrift[], top: number): string {
  const line = (name: string, of: (month: MonthDrift) => number) => [
    name,
    ...months.map((month) => of(month).toFixed(3)),
  ];
  const strongest = FEATURES.map(({ name }, f) => ({
    name,
    f,
    most: Math.max(...months.map((month) => month.features[f])),
  })).sort((a, b) => b.most - a.most).slice(0, top);
  return [
    `Model ${modelVersion} against what it learned from: population stability index by month.`,
    "",
    table([
      ["", ...months.map(({ month }) => month)],
      ["screened payments", ...months.map(({ payments }) => String(payments))],
      line("by chance, up to about", ({ sampled }) => 2 * MOST_BINS / sampled),
      line("score", ({ score }) => score),
      ...strongest.map(({ name, f }) => line(name, ({ features }) => features[f])),
    ]),
    "",
    "Above 0.1 something moves, above 0.25 much does, where there are payments enough for chance not to.",
  ].join("\n");
}

/** Of n payments of the same law the index is some (bins − 1) / n on average. */
const MOST_BINS = 10;

async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { top: { type: "string", default: String(DEFAULT_TOP) }, model: { type: "string" } },
  });
  const top = Number(values.top);
  if (!/^\d{1,3}$/.test(values.top) || top < 1) {
    throw new FlagError(`--top takes a whole number from 1 to 999, not "${values.top}".`);
  }
  const environment = readConfig((variable) => Deno.env.get(variable));
  const config = { ...environment, modelDirectory: values.model ?? environment.modelDirectory };
  const model = await loadFraudModel(config);
  const { reference } = model.manifest;
  if (reference === undefined) {
    throw new OperatorError(
      "model_without_reference",
      `The model in "${model.directory}" does not keep what it learned from. Train one with \`deno task train\`.`,
    );
  }
  const database = await joinDatabase(config, (line) => console.error(line), { mustExist: true });
  const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "mcp-payments-lab model:drift" });
  try {
    const months = await storedDrift(sql, model, reference);
    if (months.length === 0) {
      throw new OperatorError(
        "no_payment_screened",
        "No payment here was screened by a server yet. Make some, as with `deno task simulate --live`.",
      );
    }
    console.log(driftText(model.modelVersion, months, top));
  } finally {
    await sql.end();
    await database.stop();
  }
}

if (import.meta.main) await runCommand("model:drift", run);
