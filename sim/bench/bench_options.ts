import { midnight, parseFlags, wholeNumber } from "../parse_flags.ts";
import { NETWORK_EPOCHS } from "../train/most_passes.ts";
import { type ModelSpec, modelSpecs } from "./plugged/model_spec.ts";
import { FlagError } from "../../src/core/run_command.ts";

export interface BenchOptions {
  readonly dataset: string | null;
  readonly preset: "handbook" | null;
  readonly days: number | null;
  readonly customers: number | null;
  readonly seed: number;
  readonly startMs: number;
  readonly folds: number;
  /** One network of the ensemble a seed. */
  readonly seeds: readonly number[];
  /** One network of the sequence model a seed; none for a run without it. */
  readonly sequenceSeeds: readonly number[];
  readonly trainRows: number;
  /** Of 80 batches at least, so that few rows are gone through more often. */
  readonly epochs: number;
  readonly sequenceEpochs: number;
  readonly labelDelayDays: number;
  /** The Python with LightGBM; null for a run without the forest. */
  readonly forestPython: string | null;
  /** Whether somebody asked for it, so that a run without it is not what they want. */
  readonly forestIsRequired: boolean;
  /** Models of one's own, a row each. */
  readonly models: readonly ModelSpec[];
  /** For each call of an HTTP scorer. */
  readonly modelTimeoutMs: number;
  /** Where each fold's training and validation rows are written for other programs to train on; null for nowhere. */
  readonly foldsOut: string | null;
  /** Threads that train at once; 1 for none beside the one that does all else. */
  readonly workers: number;
  readonly outDirectory: string;
}

/** Of the sequence model on other data than the preset: it learns little fraud by heart, and its epochs take longer. */
const SEQUENCE_EPOCHS = 10;

/** What `deno task bench:fraud` takes; sim/bench/README.md explains each. */
export function benchOptions(args: readonly string[]): BenchOptions {
  const { values, lists } = parseFlags(args, {
    values: [
      "dataset",
      "preset",
      "days",
      "customers",
      "seed",
      "start",
      "folds",
      "seeds",
      "sequence",
      "train-rows",
      "epochs",
      "label-delay-days",
      "forest",
      "model-timeout-s",
      "folds-out",
      "workers",
      "out",
    ],
    switches: [],
    lists: ["model"],
  });
  const { dataset, preset } = values;
  if (preset !== undefined && preset !== "handbook") {
    throw new FlagError(`--preset knows "handbook", not "${preset}".`);
  }
  if (dataset !== undefined) {
    for (const name of ["preset", "days", "customers", "start"] as const) {
      if (values[name] !== undefined) {
        throw new FlagError(`--${name} says nothing about a file: leave it out with --dataset.`);
      }
    }
  }
  if (preset === "handbook") {
    for (const name of ["folds", "start", "days", "customers", "label-delay-days"] as const) {
      if (values[name] !== undefined) {
        throw new FlagError(
          `--preset handbook has its own --${name}: leave --${name} out, or leave out --preset for the default world.`,
        );
      }
    }
  }
  const firstSeed = wholeNumber("seed", values.seed, preset === "handbook" ? 0 : 7, 0, 4_294_000_000);
  const seeds = wholeNumber("seeds", values.seeds, 5, 1, 20);
  const sequenceSeeds = wholeNumber("sequence", values.sequence, 1, 0, 20);
  const optional = (name: "days" | "customers", low: number, high: number) =>
    values[name] === undefined ? null : wholeNumber(name, values[name], 0, low, high);
  const name = preset ?? dataset?.replace(/^.*\//, "").replace(/\.[^.]*$/, "") ?? "world";
  return {
    dataset: dataset ?? null,
    preset: preset === undefined ? null : "handbook",
    days: optional("days", 20, 3_650),
    customers: optional("customers", 100, 50_000_000),
    seed: firstSeed,
    startMs: midnight("start", values.start ?? "2026-01-05"),
    folds: wholeNumber("folds", values.folds, 4, 1, 20),
    seeds: Array.from({ length: seeds }, (_, i) => firstSeed + 1 + i),
    sequenceSeeds: Array.from({ length: sequenceSeeds }, (_, i) => firstSeed + 1 + i),
    trainRows: wholeNumber("train-rows", values["train-rows"], 80_000, 1_000, 10_000_000),
    epochs: wholeNumber("epochs", values.epochs, NETWORK_EPOCHS, 1, 200),
    sequenceEpochs: wholeNumber(
      "epochs",
      values.epochs,
      preset === "handbook" ? NETWORK_EPOCHS : SEQUENCE_EPOCHS,
      1,
      200,
    ),
    labelDelayDays: wholeNumber("label-delay-days", values["label-delay-days"], 7, 0, 365),
    forestPython: values.forest === "off" ? null : values.forest ?? "python3",
    forestIsRequired: values.forest !== undefined && values.forest !== "off",
    models: modelSpecs(lists.model),
    modelTimeoutMs: 1000 * wholeNumber("model-timeout-s", values["model-timeout-s"], 30, 1, 3_600),
    foldsOut: values["folds-out"] ?? null,
    workers: wholeNumber("workers", values.workers, navigator.hardwareConcurrency, 1, 256),
    outDirectory: values.out ?? `.data/bench/${name}`,
  };
}
