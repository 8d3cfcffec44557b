/**
 * `deno task bench:routing [--seed 7] [--months 3] [--out .data/routing]`: the server's routing on simulated months
 * with two outages and a slow drift, against what it could be replaced by. Writes routing.json and, for the first
 * month, the traffic's share over time as routing_share.svg.
 *
 * Exit code 1 when it reaches less than 90% of the oracle's gain over round robin.
 */
import { join } from "node:path";
import { ACQUIRER_PROFILES } from "../../src/providers/acquirer_profiles.ts";
import { parseFlags, wholeNumber } from "../parse_flags.ts";
import { LinUcb } from "./lin_ucb.ts";
import { type Month, MONTH_DAYS, simulateMonth } from "./month.ts";
import { alwaysTo, oracle, type Policy, roundRobin, ThompsonSampling } from "./policies.ts";
import { type MonthResult, runMonth, shareOfGain } from "./run_month.ts";
import { shareChart } from "./share_chart.ts";
import { runCommand } from "../../src/core/run_command.ts";

const GAIN_MIN = 0.9;
/** Payments that a busy server has on their way to providers at once: routed before the outcome of the others is known. */
const IN_FLIGHT = 64;

interface Row extends Omit<MonthResult, "choices"> {
  readonly seed: number;
  readonly shareOfGain: number;
}

async function bench(args: readonly string[]): Promise<boolean> {
  const { values } = parseFlags(args, { values: ["seed", "months", "out"], switches: [] });
  const seed = wholeNumber("seed", values.seed, 7, 0, 4_294_967_295);
  const months = wholeNumber("months", values.months, 3, 1, 50);
  const out = values.out ?? join(Deno.env.get("DATA_DIR") || ".data", "routing");
  await Deno.mkdir(out, { recursive: true });
  const rows: Row[] = [];
  for (let i = 0; i < months; i++) {
    const month = simulateMonth(seed + i);
    const results = policies(seed + i).map((policy) => runMonth(month, policy));
    for (const policy of [new LinUcb(1), new ThompsonSampling(seed + i)]) {
      const lagging = runMonth(month, policy, IN_FLIGHT);
      results.push({ ...lagging, policy: `${policy.name}, ${IN_FLIGHT} in flight` });
    }
    const baseline = results.find(({ policy }) => policy === "round robin")!;
    const best = results.find(({ policy }) => policy === "oracle")!;
    const ranked = results.map(({ choices: _, ...result }) => ({
      seed: seed + i,
      ...result,
      shareOfGain: shareOfGain(result, baseline, best),
    }));
    rows.push(...ranked);
    print(month, seed + i, ranked);
    if (i === 0) {
      const routed = results.find(({ policy }) => policy === "Thompson sampling")!;
      await Deno.writeTextFile(join(out, "routing_share.svg"), shareChart(month, routed.choices));
    }
  }
  await Deno.writeTextFile(join(out, "routing.json"), JSON.stringify(rows, null, 2) + "\n");
  const reached = rows.filter(({ policy }) => policy === "Thompson sampling").map((row) => row.shareOfGain);
  const mean = reached.reduce((sum, share) => sum + share) / reached.length;
  console.log(
    `\nThompson sampling reaches ${percent(mean)} of the oracle's gain over round robin (${
      reached.map(percent).join(", ")
    }); at least ${percent(GAIN_MIN)} is asked for.\nWritten: ${join(out, "routing.json")}, ${
      join(out, "routing_share.svg")
    }`,
  );
  return mean >= GAIN_MIN;
}

function policies(seed: number): Policy[] {
  return [
    ...ACQUIRER_PROFILES.map(({ name }) => alwaysTo(name)),
    roundRobin(),
    new LinUcb(0.25),
    new LinUcb(0.5),
    new LinUcb(1),
    new ThompsonSampling(seed),
    oracle(),
  ];
}

function print(month: Month, seed: number, rows: readonly Row[]): void {
  console.log(`\nseed ${seed}: ${month.payments.length} payments in ${MONTH_DAYS} days`);
  for (const { provider, fromDay, toDay } of month.outages) {
    console.log(`  ${provider} is out of service from day ${fromDay} to day ${toDay}`);
  }
  console.log("policy                           success     fees   merchant keeps   of the oracle's gain");
  for (const row of rows) {
    console.log(
      `${row.policy.padEnd(31)}  ${percent(row.successRate).padStart(8)}  ${
        percent(row.feeShare).padStart(7)
      }  ${percent(row.keptShare).padStart(15)}  ${percent(row.shareOfGain).padStart(21)}`,
    );
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}

if (import.meta.main) await runCommand("bench:routing", bench);
