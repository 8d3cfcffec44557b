import { midnight, wholeNumber } from "../parse_flags.ts";
import { DEFAULT_HANDBOOK, exportHandbook } from "../handbook/export_handbook.ts";
import { parsePartition, type Partition, WHOLE } from "../world/partition.ts";
import { generateWorld } from "../world/world.ts";
import { type ExportedFile, exportWorld, type FileFormat } from "./export_world.ts";
import { FlagError } from "../../src/core/run_command.ts";

/** What `deno task simulate --csv FILE` and `--parquet FILE` take. */
export type ExportFlags = Partial<
  Record<"days" | "customers" | "seed" | "start" | "csv" | "parquet" | "partition" | "preset", string>
>;

/** Files are compared with others' files, so unlike a database's history they begin on a fixed day. */
const DEFAULT_START = "2026-01-05";

/** Writes the files and says what is in them. */
export async function exportFiles(flags: ExportFlags): Promise<void> {
  const partition = partitionOf(flags.partition);
  for (const format of ["csv", "parquet"] as const) {
    const path = flags[format];
    if (path === undefined) continue;
    const startedMs = performance.now();
    const files = flags.preset === undefined
      ? await exportDefault(flags, { format, path, partition })
      : await exportPreset(flags.preset, flags, { format, path, partition });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    for (const { path, rows } of files) console.log(`${path}: ${rows} rows`);
    console.log(`${seconds} s`);
  }
}

interface Target {
  readonly format: FileFormat;
  readonly path: string;
  readonly partition: Partition;
}

async function exportDefault(flags: ExportFlags, target: Target): Promise<ExportedFile[]> {
  const days = wholeNumber("days", flags.days, 60, 1, 3_650);
  const { parts } = target.partition;
  if (parts > days) throw new FlagError(`--partition cannot cut ${days} days into ${parts} parts.`);
  const world = generateWorld({
    seed: wholeNumber("seed", flags.seed, 7, 0, 4_294_967_295),
    days,
    customers: wholeNumber("customers", flags.customers, 5_000, 1, 50_000_000),
    startMs: midnight("start", flags.start ?? DEFAULT_START),
  });
  return await exportWorld(world, target);
}

async function exportPreset(preset: string, flags: ExportFlags, target: Target): Promise<ExportedFile[]> {
  if (preset !== "handbook") throw new FlagError(`--preset knows "handbook", not "${preset}".`);
  for (const name of ["customers", "start"] as const) {
    if (flags[name] !== undefined) {
      throw new FlagError(
        `--preset handbook has its own --${name}: leave --${name} out, or leave out --preset for the default world.`,
      );
    }
  }
  const days = wholeNumber("days", flags.days, DEFAULT_HANDBOOK.days, 1, 3_650);
  const { parts } = target.partition;
  if (parts > days) throw new FlagError(`--partition cannot cut ${days} days into ${parts} parts.`);
  const seed = wholeNumber("seed", flags.seed, DEFAULT_HANDBOOK.seed, 0, 4_294_967_295);
  return await exportHandbook({ ...DEFAULT_HANDBOOK, seed, days }, target);
}

/** The whole when nothing is given. */
export function partitionOf(text: string | undefined): Partition {
  if (text === undefined) return WHOLE;
  const partition = parsePartition(text);
  if (partition !== null) return partition;
  throw new FlagError(`--partition takes a part and the number of parts, from 1/16 to 16/16, not "${text}".`);
}
