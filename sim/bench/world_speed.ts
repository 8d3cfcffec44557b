/**
 * `deno task bench:world [--customers 20000] [--days 60]`: payments a second on one core, as columns alone, with their
 * features, and as objects. Each figure is the best of three runs: others use the machine too.
 */
import { FeatureStream } from "../../src/fraud/features/feature_stream.ts";
import { parseFlags, wholeNumber } from "../parse_flags.ts";
import { NO_REPORT } from "../world/payment_columns.ts";
import { EventReader } from "../world/to_payment_event.ts";
import { generateWorld, type World } from "../world/world.ts";
import { runCommand } from "../../src/core/run_command.ts";

function main(args: readonly string[]): Promise<void> {
  const { values } = parseFlags(args, { values: ["customers", "days"], switches: [] });
  const config = {
    seed: 7,
    customers: wholeNumber("customers", values.customers, 20_000, 1, 10_000_000),
    days: wholeNumber("days", values.days, 60, 1, 3_650),
    startMs: Date.UTC(2026, 0, 5),
  };

  const startedMs = performance.now();
  const world = generateWorld(config);
  console.log(`${config.customers} customers settled in ${(performance.now() - startedMs).toFixed(0)} ms`);
  report(world, "as columns", columns);
  report(world, "with features", features);
  report(world, "as objects", objects);
  console.log(`${Math.round(Deno.memoryUsage().rss / 1e6)} MB in memory at the end, feature states included`);
  return Promise.resolve();
}

function report(world: World, name: string, make: (world: World) => number): void {
  let best = 0;
  let payments = 0;
  for (let run = 0; run < 3; run++) {
    const fromMs = performance.now();
    payments = make(world);
    best = Math.max(best, payments / ((performance.now() - fromMs) / 1000));
  }
  console.log(`${name.padEnd(14)} ${payments} payments, ${Math.round(best).toLocaleString("en")} a second`);
}

function columns(world: World): number {
  let payments = 0;
  for (const { columns } of world.columns()) payments += columns.length;
  return payments;
}

function features(world: World): number {
  const [reader, stream] = [new EventReader(world.society), new FeatureStream({ idsAreUnique: true })];
  let payments = 0;
  for (const { day, columns } of world.columns()) {
    for (let row = 0; row < columns.length; row++) {
      const event = reader.read(columns, row, day);
      const knownAtMs = columns.labelKnownAtMs[row];
      const label = knownAtMs === NO_REPORT ? null : { knownAtMs, fraud: columns.labelFraud[row] === 1 };
      stream.next(event, label);
      payments++;
    }
  }
  return payments;
}

function objects(world: World): number {
  let payments = 0;
  for (const _ of world.payments()) payments++;
  return payments;
}

if (import.meta.main) await runCommand("bench:world", main);
