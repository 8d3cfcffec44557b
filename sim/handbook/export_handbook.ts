import { type ExportedFile, type ExportOptions, openFile, pathOf } from "../export/export_world.ts";
import type { Table } from "../export/table.ts";
import { daysOfPartition } from "../world/partition.ts";
import { type HandbookConfig, type HandbookWorld, handbookWorld } from "./handbook_world.ts";
import { handbookPosterior } from "./handbook_posterior.ts";

export { DEFAULT_HANDBOOK } from "./handbook_world.ts";

/** Writes the preset's payments; the first six columns are those of any list of card payments. */
export async function exportHandbook(
  config: HandbookConfig,
  options: ExportOptions,
): Promise<ExportedFile[]> {
  const world = handbookWorld(config);
  const [fromDay, toDay] = daysOfPartition(options.partition, config.days);
  await Deno.mkdir(options.path.replace(/\/?[^/]*$/, "") || ".", { recursive: true });
  const path = pathOf(options, "");
  const file = openFile(options.format, path, handbookTable(world, handbookPosterior(world)));
  for (let row = 0; row < world.count; row++) {
    if (world.day[row] >= fromDay && world.day[row] < toDay) file.add(row);
  }
  file.end();
  return [{ path, rows: file.rows }];
}

function handbookTable(world: HandbookWorld, posterior: Float64Array): Table<number> {
  const startS = world.config.startMs / 1000;
  return [
    { name: "tx_id", type: "INT64", of: (row) => row },
    { name: "epoch_s", type: "INT64", of: (row) => startS + world.day[row] * 86_400 + world.second[row] },
    { name: "customer_id", type: "INT32", of: (row) => world.customer[row] },
    { name: "terminal_id", type: "INT32", of: (row) => world.terminal[row] },
    { name: "amount", type: "DOUBLE", of: (row) => world.amountCents[row] / 100 },
    { name: "fraud", type: "INT32", of: (row) => world.scenario[row] === 0 ? 0 : 1 },
    { name: "scenario", type: "INT32", of: (row) => world.scenario[row] },
    { name: "posterior", type: "DOUBLE", of: (row) => posterior[row] },
  ];
}
