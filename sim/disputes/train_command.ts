/**
 * `deno task train:disputes`: fits the prediction of disputes on the simulator's chargebacks, writes it to
 * fixtures/disputes, and prints how reliable it is on later days. Prints too whom each lower edge of the challenge band
 * would challenge: both rest on the fraud model in fixtures/model.
 */
import { DisputeModel } from "../../src/fraud/disputes/dispute_model.ts";
import type { FraudModelPort } from "../../src/fraud/screen_payment.ts";
import { loadFraudModel, SHIPPED_MODEL_DIRECTORY } from "../../src/load_fraud_model.ts";
import { generateWorld } from "../world/world.ts";
import { disputeRows } from "./dispute_rows.ts";
import { calibrationOf, DEFAULT_SPLIT, fitDisputeModel, stepUpTable } from "./fit_dispute_model.ts";
import { refuseArguments, runCommand } from "../../src/core/run_command.ts";

/** Not the world that the fraud model was trained on: its probabilities are not what they were there. */
export const DISPUTE_WORLD = {
  seed: 21,
  days: 140,
  customers: 10_000,
  startMs: Date.UTC(2026, 0, 5),
} as const;
export const DISPUTE_MODEL_FILE = new URL("../../fixtures/disputes/model.json", import.meta.url);

export function shippedFraudModel(): Promise<FraudModelPort> {
  return loadFraudModel({ modelDirectory: SHIPPED_MODEL_DIRECTORY, dataDirectory: "" });
}

async function main(args: readonly string[]): Promise<void> {
  refuseArguments(args);
  const fraudModel = await shippedFraudModel();
  const rows = disputeRows(generateWorld(DISPUTE_WORLD), fraudModel, DEFAULT_SPLIT.fit[0]);
  const manifest = fitDisputeModel(rows, DEFAULT_SPLIT, fraudModel.modelVersion);
  const { payments, disputes, bins, error } = calibrationOf(
    new DisputeModel(manifest),
    rows,
    DEFAULT_SPLIT.test,
  );
  const { seed, days, customers } = DISPUTE_WORLD;
  const trainedOn = { seed, days, customers, split: DEFAULT_SPLIT };
  const text = JSON.stringify({ ...manifest, trainedOn, reliability: bins }, null, 1);
  await Deno.writeTextFile(DISPUTE_MODEL_FILE, text + "\n");
  console.log(
    `Dispute model ${manifest.modelVersion} over fraud model ${manifest.fraudModelVersion}: world of seed ${seed}, ` +
      `${days} days, ${customers} customers; fitted on ${manifest.payments} payments with ${manifest.disputes} disputes.`,
  );
  console.log(
    `Days ${
      DEFAULT_SPLIT.test.join(" to ")
    }: ${payments} payments that pass the screen, ${disputes} disputed.`,
  );
  console.log("payments   predicted    observed   95% interval");
  for (const { payments, predicted, observed, low, high } of bins) {
    console.log(
      `${String(payments).padStart(8)}   ${percent(predicted)}   ${percent(observed)}   ${percent(low)} to ${
        percent(high)
      }`,
    );
  }
  console.log(
    `Expected calibration error ${percent(error.value)} (${percent(error.low)} to ${
      percent(error.high)
    } over customers ` +
      `drawn again), at a base rate of ${percent(disputes / payments)}.`,
  );
  console.log("\nThe challenge band, from a score to 75: share of genuine payments, of frauds");
  for (const { from, genuineShare, fraudShare } of stepUpTable(rows, DEFAULT_SPLIT.test)) {
    console.log(`  from ${from}   ${percent(genuineShare)}   ${percent(fraudShare)}`);
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(4)}%`.padStart(9);
}

if (import.meta.main) await runCommand("train:disputes", main);
