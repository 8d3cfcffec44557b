/** `deno task bench:mules [--people 3000] [--days 120] [--networks 60] [--seed 7] [--seeds 5]`: how well mules are found. */
import { parseFlags, wholeNumber } from "../parse_flags.ts";
import { type MuleScore, scoreMules } from "./score_mules.ts";
import { runCommand } from "../../src/core/run_command.ts";

function main(args: readonly string[]): void {
  const { values } = parseFlags(args, {
    values: ["people", "days", "networks", "seed", "seeds"],
    switches: [],
  });
  const people = wholeNumber("people", values.people, 3_000, 100, 1_000_000);
  const days = wholeNumber("days", values.days, 120, 40, 2_000);
  const networks = wholeNumber("networks", values.networks, 60, 1, 10_000);
  const seed = wholeNumber("seed", values.seed, 7, 0, 1_000_000);
  const seeds = wholeNumber("seeds", values.seeds, 5, 1, 100);
  console.log(
    "seed  transfers  of mules  stopped  precision  recall  networks  money kept  false alarms/1000",
  );
  for (let i = 0; i < seeds; i++) {
    console.log(row(seed + i, scoreMules({ seed: seed + i, people, days, networks })));
  }
}

function row(seed: number, score: MuleScore): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  return [
    String(seed).padStart(4),
    String(score.transfers).padStart(9),
    String(score.muleTransfers).padStart(8),
    String(score.stopped).padStart(7),
    percent(score.precision).padStart(9),
    percent(score.recall).padStart(6),
    percent(score.networksFound).padStart(8),
    percent(score.moneyKept).padStart(10),
    score.falseAlarmsPerThousand.toFixed(2).padStart(17),
  ].join("  ");
}

if (import.meta.main) await runCommand("bench:mules", (args) => Promise.resolve(main(args)));
