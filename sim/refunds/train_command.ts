/**
 * `deno task train:refunds`: trains the refund-abuse score on the simulator's refund abusers, writes it to
 * fixtures/refunds, and prints what it catches on later days.
 */
import { generateWorld } from "../world/world.ts";
import {
  DEFAULT_SPLIT,
  REFUSE_SHARE,
  REVIEW_SHARE,
  scoreRefundModel,
  type TestedThreshold,
  trainRefundModel,
} from "./train_refund_model.ts";
import { refuseArguments, runCommand } from "../../src/core/run_command.ts";

/** Not the default world: the score is served on that one. */
export const REFUND_WORLD = {
  seed: 11,
  days: 200,
  customers: 12_000,
  startMs: Date.UTC(2026, 0, 5),
} as const;
export const REFUND_MODEL_FILE = new URL("../../fixtures/refunds/model.json", import.meta.url);

async function main(args: readonly string[]): Promise<void> {
  refuseArguments(args);
  const { manifest, rows } = trainRefundModel(generateWorld(REFUND_WORLD), DEFAULT_SPLIT);
  const board = scoreRefundModel(manifest, rows, DEFAULT_SPLIT.test);
  const { seed, days, customers } = REFUND_WORLD;
  const text = JSON.stringify(
    { ...manifest, trainedOn: { seed, days, customers, split: DEFAULT_SPLIT }, tested: board },
    null,
    1,
  );
  await Deno.writeTextFile(REFUND_MODEL_FILE, text + "\n");
  const line = (what: string, { requests, precision, recall }: TestedThreshold) =>
    console.log(
      `${what.padEnd(34)} ${String(requests).padStart(6)}   precision ${interval(precision)}   recall ${
        interval(recall)
      }`,
    );
  console.log(
    `Refund model ${manifest.modelVersion}: world of seed ${seed}, ${days} days, ${customers} customers.`,
  );
  console.log(
    `Days ${DEFAULT_SPLIT.test.join(" to ")}: ${board.requests} requests, ${board.untrue} of them untrue. ` +
      "Against the truth, with the middle 95% over customers drawn again:",
  );
  line(`a person is asked, or refused (${percent(REVIEW_SHARE)})`, board.review);
  line(`refused (${percent(REFUSE_SHARE)})`, board.refuse);
  line("oracle, as many as the first", board.oracle);
  console.log("Weights, in log-odds for one unit of the input:");
  for (const { name, weight } of manifest.model.inputs) {
    console.log(`  ${name.padEnd(26)} ${weight.toFixed(3)}`);
  }
}

function interval({ value, low, high }: TestedThreshold["precision"]): string {
  return `${percent(value)} (${percent(low)} to ${percent(high)})`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

if (import.meta.main) await runCommand("train:refunds", main);
