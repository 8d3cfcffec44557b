/**
 * `deno task stream [--count 20000] [--out .data/stream.json] [--tenant default]`: writes the world's next payments to a file that the k6 scripts pay from.
 *
 * With `--unless-given`, as `deno task load` runs it, nothing is done when the variable STREAM names a file already.
 */
import { readConfig } from "../../src/config.ts";
import { joinDatabase } from "../../src/db/open_database.ts";
import type { PoolOptions } from "../../src/db/pool.ts";
import { parseFlags, wholeNumber } from "../parse_flags.ts";
import { type FutureCall, futureCalls } from "./future_calls.ts";
import { knownWorld } from "./known_world.ts";
import { runCommand } from "../../src/core/run_command.ts";

/** Writes `count` calls; fewer only where the world's future ends before. */
export async function exportStream(
  pool: Pick<PoolOptions, "url" | "role">,
  options: { tenantId: string; count: number; path: string },
): Promise<{ calls: number; frauds: number; replays: number }> {
  const known = await knownWorld(pool, options.tenantId);
  const payments: FutureCall[] = [];
  for (const call of futureCalls(known)) {
    payments.push(call);
    if (payments.length === options.count) break;
  }
  const { seed, days, customers, startMs } = known.world.config;
  const text = JSON.stringify({
    world: { seed, days, customers, startMs, tenant: options.tenantId },
    payments,
  });
  await Deno.mkdir(options.path.replace(/\/[^/]*$/, "") || ".", { recursive: true });
  await Deno.writeTextFile(options.path, text);
  return {
    calls: payments.length,
    frauds: payments.filter((call) => call.truth_fraud && !call.replay).length,
    replays: payments.filter((call) => call.replay).length,
  };
}

async function main(args: readonly string[]): Promise<void> {
  const { values, switches } = parseFlags(args, {
    values: ["count", "out", "tenant"],
    switches: ["unless-given"],
  });
  if (switches.has("unless-given") && Deno.env.get("STREAM")) return;
  const count = wholeNumber("count", values.count, 20_000, 1, 5_000_000);
  const config = readConfig((name) => Deno.env.get(name));
  const database = await joinDatabase(config, (line) => console.error(line), { mustExist: true });
  try {
    const path = values.out ?? `${config.dataDirectory}/stream.json`;
    const tenantId = values.tenant ?? "default";
    const { calls, frauds, replays } = await exportStream({ url: database.ownerUrl }, {
      tenantId,
      count,
      path,
    });
    console.log(`${path}: ${calls} calls, ${frauds} of them fraud, ${replays} repeated`);
  } finally {
    await database.stop();
  }
}

if (import.meta.main) await runCommand("stream", main);
