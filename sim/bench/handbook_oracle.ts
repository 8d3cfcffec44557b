/**
 * `deno task bench:oracle [--seeds 6]`: what the oracle reaches on the handbook preset by the book's protocol, seed by
 * seed, and what somebody who knows the truth would. Says how much of a figure is the luck of one seed's four weeks.
 */
import { runCommand } from "../../src/core/run_command.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { averagePrecision, recallsWithin } from "../../src/fraud/measures/metrics.ts";
import { handbookPosterior } from "../handbook/handbook_posterior.ts";
import { DEFAULT_HANDBOOK, handbookWorld } from "../handbook/handbook_world.ts";
import { parseFlags, wholeNumber } from "../parse_flags.ts";
import { cardPrecision } from "../train/metrics_card.ts";
import { table } from "../train/scoreboard_text.ts";
import { HANDBOOK_FOLDS, handbookTestRows, type TestedPayments } from "./handbook_protocol.ts";

interface Attainable {
  readonly frauds: number;
  readonly averagePrecision: number;
  /** At 1% false positives. */
  readonly recall: number;
  readonly cardPrecision: number;
  /** Of one who knows the truth. */
  readonly mostCardPrecision: number;
}

/** Means over the four weeks; of frauds their sum. */
export function attainableOn(seed: number, changes: Partial<typeof DEFAULT_HANDBOOK> = {}): Attainable {
  const config = { ...DEFAULT_HANDBOOK, ...changes, seed };
  const world = handbookWorld(config);
  const posterior = handbookPosterior(world);
  const payments = testedPayments(world);
  const weeks = Array.from({ length: HANDBOOK_FOLDS }, (_, fold): Attainable => {
    const test = handbookTestRows(payments, config.startMs, fold);
    const fraud = Uint8Array.from(test, (row) => payments.fraud(row));
    const scores = Float64Array.from(test, (row) => posterior[row]);
    return {
      frauds: fraud.reduce((sum, its) => sum + its, 0),
      averagePrecision: averagePrecision(scores, fraud),
      recall: recallsWithin([0.01], scores, fraud)[0],
      cardPrecision: cardPrecision(payments, test, scores),
      mostCardPrecision: cardPrecision(payments, test, Float64Array.from(fraud)),
    };
  });
  const sum = (of: (week: Attainable) => number) => weeks.reduce((total, week) => total + of(week), 0);
  const mean = (of: (week: Attainable) => number) => sum(of) / weeks.length;
  return {
    frauds: sum((week) => week.frauds),
    averagePrecision: mean((week) => week.averagePrecision),
    recall: mean((week) => week.recall),
    cardPrecision: mean((week) => week.cardPrecision),
    mostCardPrecision: mean((week) => week.mostCardPrecision),
  };
}

function testedPayments(
  { config, count, day, second, customer, scenario }: ReturnType<typeof handbookWorld>,
) {
  const atMs = (row: number) => config.startMs + day[row] * DAY_MS + second[row] * 1000;
  return {
    atMs,
    customer: (row: number) => customer[row],
    card: (row: number) => customer[row],
    fraud: (row: number) => scenario[row] > 0 ? 1 : 0,
    rowAt: (fromMs: number) => {
      let [low, high] = [0, count];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (atMs(middle) < fromMs) low = middle + 1;
        else high = middle;
      }
      return low;
    },
  } satisfies TestedPayments & { card: (row: number) => number };
}

function print(seeds: number): void {
  const rows = [["seed", "frauds", "AP", "R@1%", "card@100", "card@100 of the truth"]];
  for (let seed = 0; seed < seeds; seed++) {
    const its = attainableOn(seed);
    rows.push([
      String(seed),
      String(its.frauds),
      ...[its.averagePrecision, its.recall, its.cardPrecision, its.mostCardPrecision].map((it) =>
        it.toFixed(3)
      ),
    ]);
  }
  console.log(
    `What the oracle reaches on the handbook preset, means of ${HANDBOOK_FOLDS} weeks:\n${table(rows)}`,
  );
}

if (import.meta.main) {
  await runCommand("bench:oracle", (args) => {
    const { values } = parseFlags(args, { values: ["seeds"], switches: [] });
    print(wholeNumber("seeds", values.seeds, 6, 1, 100));
    return Promise.resolve(true);
  }, 2);
}
