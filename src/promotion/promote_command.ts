/**
 * `deno task model:promote [--challenger FOLDER] [--label-delay-days 7] [--as-of 2026-05-01T00:00:00Z] [--least-frauds 30]
 * [--by NAME] [--dry-run]`: holds the challenger against the champion on the payments that both have scored and that are
 * old enough for their frauds to be known, and makes it the champion if the evidence speaks for it. Servers load it when
 * they start next. `--rollback` takes the last promotion back. Exit code 1, with a code and the next move, where nothing
 * was changed. Works beside a running server.
 */
import { parseArgs } from "node:util";
import { type Config, readConfig } from "../config.ts";
import { systemClock } from "../core/clock.ts";
import { RandomIds } from "../core/ids.ts";
import { FlagError, runCommand } from "../core/run_command.ts";
import { joinDatabase } from "../db/open_database.ts";
import { openPool, type Sql } from "../db/pool.ts";
import { loadChallenger, loadFraudModel } from "../load_fraud_model.ts";
import { compareModels } from "./compare_models.ts";
import { evidenceText } from "./evidence_text.ts";
import { promote, PromotionRefused, recordLast, rollBack } from "./promote_model.ts";
import { readShadowed } from "./shadowed_payments.ts";
import { refusalOf } from "./verdict.ts";

export interface PromoteOptions {
  readonly labelDelayDays: number;
  readonly asOfMs: number | null;
  readonly leastFrauds: number;
  readonly actor: string;
  /** Prints the evidence and the verdict, and changes nothing. */
  readonly dryRun: boolean;
}

type ModelSettings = Pick<Config, "dataDirectory" | "modelDirectory" | "challengerDirectory"> & {
  /** What named the challenger's folder, for errors: the variable, or the flag in its stead. */
  readonly challengerNamedBy?: "CHALLENGER_MODEL_DIR" | "--challenger";
};

const DAY_MS = 86_400_000;

/** The evidence, printed; then the promotion, or a {@link PromotionRefused}. */
export async function promoteChallenger(
  sql: Sql,
  config: ModelSettings,
  options: PromoteOptions,
  print: (line: string) => void,
): Promise<void> {
  refuseModelDirectory(config);
  await recordLast(sql, config.dataDirectory);
  const [champion, challenger] = [
    await loadFraudModel(config),
    await loadChallenger(config, config.challengerNamedBy),
  ];
  if (challenger === null) {
    throw new PromotionRefused(
      "no_challenger",
      "No challenger is named.",
      "Set CHALLENGER_MODEL_DIR, as for the server, or give --challenger FOLDER.",
    );
  }
  if (challenger.modelVersion === champion.modelVersion) {
    throw new PromotionRefused(
      "already_champion",
      `Model ${champion.modelVersion} is the champion already.`,
      "Restart the servers that still run another, and unset CHALLENGER_MODEL_DIR.",
    );
  }
  const shadowed = await readShadowed(sql, {
    championVersion: champion.modelVersion,
    challengerVersion: challenger.modelVersion,
    labelDelayMs: options.labelDelayDays * DAY_MS,
    asOfMs: options.asOfMs,
  });
  if (shadowed.payments.length === 0) {
    const { leftOut } = shadowed;
    throw new PromotionRefused(
      "nothing_to_compare",
      shadowed.sinceMs === null
        ? `No server has had ${challenger.modelVersion} in the shadow.`
        : `No payment that ${champion.modelVersion} and ${challenger.modelVersion} both scored is ` +
          `${options.labelDelayDays} days old and has an outcome (${leftOut.immature} too young, ` +
          `${leftOut.noOutcome} without an outcome, ${leftOut.testMethods} by test payment methods, ` +
          `${leftOut.otherChampion} of another champion, ${leftOut.unscored} not scored).`,
      "Serve with CHALLENGER_MODEL_DIR set and let payments and labels come in.",
    );
  }
  const comparison = compareModels(shadowed.payments, shadowed.customers, {
    champion: champion.manifest.reference?.probability ?? null,
    challenger: challenger.manifest.reference?.probability ?? null,
  });
  print(
    evidenceText(
      champion.modelVersion,
      challenger.modelVersion,
      shadowed,
      options.labelDelayDays,
      comparison,
    ),
  );
  print("");
  const refusal = refusalOf(comparison, {
    leastFrauds: options.leastFrauds,
    falsePositiveBudget: challenger.manifest.threshold.falsePositiveBudget,
  });
  if (refusal !== null) throw new PromotionRefused(refusal.code, refusal.found, refusal.nextMove);
  if (options.dryRun) {
    return print("The evidence speaks for the challenger. Nothing was changed (--dry-run).");
  }
  const { promotionId } = await promote(sql, config.dataDirectory, {
    ...changeBy(options.actor),
    champion,
    challenger,
    evidence: {
      ...comparison,
      leftOut: shadowed.leftOut,
      labelDelayDays: options.labelDelayDays,
      leastFrauds: options.leastFrauds,
      shadowedSinceMs: shadowed.sinceMs,
      asOfMs: shadowed.asOfMs,
    },
  });
  print(
    `Promoted ${challenger.modelVersion} (${promotionId}, by ${options.actor}). Servers load it when they start next; ` +
      "unset CHALLENGER_MODEL_DIR then. `deno task model:promote --rollback` takes it back.",
  );
}

export async function rollBackChampion(
  sql: Sql,
  config: ModelSettings,
  actor: string,
  print: (line: string) => void,
): Promise<void> {
  refuseModelDirectory(config);
  await recordLast(sql, config.dataDirectory);
  const { promotionId, from, to } = await rollBack(sql, config.dataDirectory, changeBy(actor));
  print(
    `Rolled back from ${from} to ${to} (${promotionId}, by ${actor}). Servers load it when they start next.`,
  );
}

function changeBy(actor: string) {
  const atMs = systemClock.nowMs();
  return { promotionId: new RandomIds(() => atMs).next("prm"), atMs, actor };
}

function refuseModelDirectory({ modelDirectory }: ModelSettings): void {
  if (modelDirectory === null) return;
  throw new PromotionRefused(
    "model_dir_set",
    `MODEL_DIR is "${modelDirectory}", so servers would go on loading that whatever is promoted.`,
    "Unset MODEL_DIR for the servers and for this command.",
  );
}

async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      challenger: { type: "string" },
      "label-delay-days": { type: "string", default: "7" },
      "as-of": { type: "string" },
      "least-frauds": { type: "string", default: "30" },
      by: { type: "string" },
      rollback: { type: "boolean", default: false },
      "dry-run": { type: "boolean", default: false },
    },
  });
  const environment = readConfig((variable) => Deno.env.get(variable));
  const config = {
    ...environment,
    challengerDirectory: values.challenger ?? environment.challengerDirectory,
    ...(values.challenger === undefined ? {} : { challengerNamedBy: "--challenger" as const }),
  };
  const options = {
    labelDelayDays: wholeNumber("label-delay-days", values["label-delay-days"], 0, 3_650),
    asOfMs: values["as-of"] === undefined ? null : instant(values["as-of"]),
    leastFrauds: wholeNumber("least-frauds", values["least-frauds"], 5, 1_000_000),
    actor: values.by || Deno.env.get("USER") || "unknown",
    dryRun: values["dry-run"],
  };
  const database = await joinDatabase(config, (line) => console.error(line), { mustExist: true });
  const sql = openPool({
    url: database.ownerUrl,
    max: 2,
    applicationName: "mcp-payments-lab model:promote",
  });
  try {
    const print = (line: string) => console.log(line);
    await (values.rollback
      ? rollBackChampion(sql, config, options.actor, print)
      : promoteChallenger(sql, config, options, print));
  } finally {
    await sql.end();
    await database.stop();
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value;
  throw new FlagError(`--${name} takes a whole number from ${least} to ${most}, not "${text}".`);
}

function instant(text: string): number {
  const atMs = Date.parse(text);
  if (/^\d{4}-\d{2}-\d{2}T.+(Z|[+-]\d{2}:\d{2})$/.test(text) && !Number.isNaN(atMs)) return atMs;
  throw new FlagError(`--as-of takes a time such as 2026-05-01T00:00:00Z, not "${text}".`);
}

if (import.meta.main) await runCommand("model:promote", run);
