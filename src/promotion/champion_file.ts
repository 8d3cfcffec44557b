import { join } from "node:path";
import { exists } from "../core/exists.ts";
import { OperatorError } from "../core/run_command.ts";

/** A model that has been the champion here, kept with its files. */
export interface ChampionEntry {
  readonly modelVersion: string;
  /** Within the data folder. */
  readonly directory: string;
}

/** That the champion was changed: by whom, when, on what evidence. Times RFC 3339. */
export interface PromotionRecord {
  readonly promotionId: string;
  readonly at: string;
  readonly actor: string;
  readonly action: "promote" | "rollback";
  readonly from: string;
  readonly to: string;
  /** Null for a rollback. */
  readonly evidence: unknown;
}

/** Which promoted model a server loads: `champion.json` in the data folder. */
export interface ChampionFile {
  readonly format: typeof FORMAT;
  /** The last one is the champion; the one before it is what a rollback restores. */
  readonly line: readonly ChampionEntry[];
  readonly last: PromotionRecord;
}

const FORMAT = 1;

export const championPath = (dataDirectory: string) => join(dataDirectory, "champion.json");

/** Null where nothing was ever promoted. Throws an {@link OperatorError} for a file that cannot be one. */
export async function readChampionFile(dataDirectory: string): Promise<ChampionFile | null> {
  const path = championPath(dataDirectory);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const found = parse(text);
  if (found === null) {
    throw new OperatorError(
      "champion_file_unreadable",
      `${path} does not name a promoted model. Restore it, or remove it to serve DATA_DIR/model or the shipped model.`,
    );
  }
  return found;
}

function parse(text: string): ChampionFile | null {
  let read: Partial<ChampionFile> | null;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  const isWhole = read?.format === FORMAT && Array.isArray(read.line) && read.line.length > 0 &&
    read.line.every((entry) =>
      typeof entry?.modelVersion === "string" && typeof entry.directory === "string"
    ) &&
    typeof read.last?.promotionId === "string";
  return isWhole ? read as ChampionFile : null;
}

/** Replaces the file in one step that survives a power cut: whoever reads sees the old one whole or the new one whole. */
export async function writeChampionFile(
  dataDirectory: string,
  file: Omit<ChampionFile, "format">,
): Promise<void> {
  const fresh = `${championPath(dataDirectory)}.${crypto.randomUUID()}`;
  await writeDurably(fresh, `${JSON.stringify({ format: FORMAT, ...file }, null, 1)}\n`);
  await Deno.rename(fresh, championPath(dataDirectory));
  await sync(dataDirectory);
}

const MODEL_FILES = ["model.json", "weights.bin", "manifest.json"] as const;

/**
 * Keeps a model's files in the data folder under its version, so that what is trained or copied elsewhere later changes
 * neither what is served nor what a rollback restores. A version names its content, so one that is there stays.
 */
export async function keepModel(
  dataDirectory: string,
  directory: string,
  modelVersion: string,
): Promise<ChampionEntry> {
  const kept = { modelVersion, directory: join("models", modelVersion) };
  const target = join(dataDirectory, kept.directory);
  if (await exists(join(target, "manifest.json"))) return kept;
  const fresh = `${target}.${crypto.randomUUID()}`;
  await Deno.mkdir(fresh, { recursive: true });
  for (const name of MODEL_FILES) {
    await writeDurably(join(fresh, name), await Deno.readFile(join(directory, name)));
  }
  try {
    await Deno.rename(fresh, target);
  } catch (error) {
    await Deno.remove(fresh, { recursive: true });
    // Another promotion kept the same files at the same moment.
    if (!await exists(join(target, "manifest.json"))) throw error;
  }
  await sync(join(dataDirectory, "models"));
  return kept;
}

async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  await Deno.writeFile(path, bytes);
  await sync(path);
}

/** A file's content, or a folder's names, are on disk when this resolves. */
async function sync(path: string): Promise<void> {
  using opened = await Deno.open(path, { read: true });
  await opened.sync();
}
