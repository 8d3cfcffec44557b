import { expect } from "expect";
import { fileURLToPath } from "node:url";
import { parsePartition } from "../world/partition.ts";

Deno.test("the indexed job's pods make each part once", async () => {
  const path = fileURLToPath(new URL("../../docs/one_world_from_many_machines.md", import.meta.url));
  const text = await Deno.readTextFile(path);
  const [, argument] = /--partition ("\$\(\(JOB_COMPLETION_INDEX.*)\n/.exec(text)!;
  const pods = Number(/completions: (\d+)/.exec(text)![1]);
  const parts: unknown[] = [];
  for (let index = 0; index < pods; index++) {
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", `echo ${argument}`],
      env: { JOB_COMPLETION_INDEX: String(index) },
    }).output();
    parts.push(parsePartition(new TextDecoder().decode(stdout).trim()));
  }
  expect(parts).toEqual(Array.from({ length: pods }, (_, index) => ({ part: index + 1, parts: pods })));
});
