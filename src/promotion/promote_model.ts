import { join } from "node:path";
import { toRfc3339 } from "../core/clock.ts";
import { OperatorError } from "../core/run_command.ts";
import type { Sql } from "../db/pool.ts";
import { loadModel } from "../fraud/model/load_model.ts";
import {
  type ChampionEntry,
  championPath,
  keepModel,
  type PromotionRecord,
  readChampionFile,
  writeChampionFile,
} from "./champion_file.ts";

/** A change that was not made: `CODE: what was found. The next move.` */
export class PromotionRefused extends OperatorError {
  override name = "PromotionRefused";

  constructor(code: string, found: string, readonly nextMove: string) {
    super(code, `${found} ${nextMove}`);
  }
}

interface Change {
  readonly promotionId: string;
  readonly atMs: number;
  /** Who asked for it. */
  readonly actor: string;
}

interface Model {
  readonly modelVersion: string;
  readonly directory: string;
}

/**
 * Makes the challenger the model that servers load when they start next. Both models' files are kept in the data folder
 * first; then the record is written in a transaction, and `champion.json` replaced in one step before that commits. So a
 * crash leaves the old champion or the new one, and at worst a record that {@link recordLast} makes up for.
 */
export async function promote(
  sql: Sql,
  dataDirectory: string,
  change: Change & { readonly champion: Model; readonly challenger: Model; readonly evidence: unknown },
): Promise<PromotionRecord> {
  const { champion, challenger } = change;
  const [from, to] = [
    await keepModel(dataDirectory, champion.directory, champion.modelVersion),
    await keepModel(dataDirectory, challenger.directory, challenger.modelVersion),
  ];
  return await changeChampion(sql, dataDirectory, (line) => {
    const present = line?.at(-1)?.modelVersion ?? champion.modelVersion;
    if (present !== champion.modelVersion) throw changedMeanwhile(present, champion.modelVersion);
    return {
      line: [...line ?? [from], to],
      record: recordOf(change, "promote", from, to, change.evidence),
    };
  });
}

/** Makes the champion before this one the champion again. Refused where its files can no longer be served. */
export async function rollBack(sql: Sql, dataDirectory: string, change: Change): Promise<PromotionRecord> {
  const before = (await readChampionFile(dataDirectory))?.line.at(-2);
  if (before !== undefined) {
    try {
      await loadModel(join(dataDirectory, before.directory));
    } catch (error) {
      throw new PromotionRefused(
        "previous_model_unusable",
        (error as Error).message,
        `Or remove ${championPath(dataDirectory)} to serve DATA_DIR/model or the shipped model.`,
      );
    }
  }
  return await changeChampion(sql, dataDirectory, (line) => {
    const [from, to] = [line?.at(-1), line?.at(-2)];
    if (from === undefined || to === undefined) {
      throw new PromotionRefused(
        "nothing_to_roll_back",
        "No promotion stands that could be taken back.",
        "`deno task model:promote` makes one.",
      );
    }
    if (to.modelVersion !== before?.modelVersion) {
      throw changedMeanwhile(to.modelVersion, before?.modelVersion ?? "none");
    }
    return { line: line!.slice(0, -1), record: recordOf(change, "rollback", from, to, null) };
  });
}

/** Writes down the last change if a crash kept it from being written down. */
export async function recordLast(sql: Sql, dataDirectory: string): Promise<void> {
  const last = (await readChampionFile(dataDirectory))?.last;
  if (last !== undefined) await insertRecord(sql, last);
}

async function changeChampion(
  sql: Sql,
  dataDirectory: string,
  decide: (line: readonly ChampionEntry[] | null) => {
    line: readonly ChampionEntry[];
    record: PromotionRecord;
  },
): Promise<PromotionRecord> {
  let changed: PromotionRecord | null = null;
  try {
    return await sql.begin(async (transaction) => {
      // One change at a time: it is decided on the file as it stands.
      await transaction`select pg_advisory_xact_lock(${ADVISORY_LOCK}::bigint)`;
      const standing = await readChampionFile(dataDirectory);
      const { line, record } = decide(standing?.line ?? null);
      await insertRecord(transaction as unknown as Sql, record);
      await writeChampionFile(dataDirectory, { line, last: record });
      changed = record;
      return record;
    }) as PromotionRecord;
  } catch (error) {
    if (changed === null) throw error;
    // The file is what servers read, so it is the truth; the commit may or may not have reached the database.
    throw new OperatorError(
      "promotion_not_recorded",
      `${championPath(dataDirectory)} names the model ${
        (changed as PromotionRecord).to
      } now, but the database was ` +
        `lost while that was written down: ${
          (error as Error).message
        }. Any further \`deno task model:promote\` ` +
        "writes it down.",
    );
  }
}

// "model" in ASCII.
const ADVISORY_LOCK = "469854610796";

async function insertRecord(sql: Sql, record: PromotionRecord): Promise<void> {
  const evidence = record.evidence === null ? null : JSON.stringify(record.evidence);
  await sql`
    insert into model_promotions (promotion_id, at, actor, action, from_version, to_version, evidence)
    values (${record.promotionId}, ${record.at}, ${record.actor}, ${record.action}, ${record.from}, ${record.to},
            ${evidence}::text::jsonb)
    on conflict do nothing`;
}

function recordOf(
  { promotionId, atMs, actor }: Change,
  action: PromotionRecord["action"],
  from: ChampionEntry,
  to: ChampionEntry,
  evidence: unknown,
): PromotionRecord {
  return {
    promotionId,
    at: toRfc3339(atMs),
    actor,
    action,
    from: from.modelVersion,
    to: to.modelVersion,
    evidence,
  };
}

function changedMeanwhile(present: string, expected: string): PromotionRefused {
  return new PromotionRefused(
    "champion_changed",
    `The champion is ${present} by now, not ${expected}.`,
    "Run the command again.",
  );
}
