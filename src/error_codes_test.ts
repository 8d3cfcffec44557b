import { expect } from "expect";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Types whose members are codes. */
const UNIONS = ["ConfigCode", "DatabaseStartCode", "PlugErrorCode", "DatasetErrorCode", "GateErrorCode"];

/** The codes of all sources: members of the unions, and what errors without one are made with. */
async function codesInSources(): Promise<Set<string>> {
  const codes = new Set<string>(["invalid_flag"]);
  for (const folder of ["src", "sim", "load"]) {
    for (const path of await filesUnder(`${ROOT}${folder}`)) {
      const source = await Deno.readTextFile(path);
      for (const [, code] of source.matchAll(/new (?:OperatorError|PromotionRefused)\(\s*"([^"]*)"/g)) {
        codes.add(code);
      }
      for (
        const [, type, members] of source.matchAll(/^export type (\w+) =\s((?:\s+(?:\/\*\*.*|\|.*))+);/gm)
      ) {
        if (!UNIONS.includes(type)) continue;
        for (const [, code] of members.matchAll(/\| "([^"]+)"/g)) codes.add(code);
      }
      if (path.endsWith("promotion/verdict.ts")) {
        for (const [, code] of source.matchAll(/code: "([^"]+)"/g)) codes.add(code);
      }
    }
  }
  return codes;
}

async function filesUnder(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await filesUnder(path));
    else if (name.endsWith(".ts") && !name.endsWith("_test.ts")) found.push(path);
  }
  return found;
}

Deno.test("docs/error_codes.md lists each code that a command may end with, and no other", async () => {
  const codes = await codesInSources();
  // Of each way that a code is found in the sources.
  for (
    const code of [
      "rates_unreadable",
      "k6_missing",
      "model_timeout",
      "dataset_empty",
      "not_running",
      "lower_recall",
    ]
  ) {
    expect(codes).toContain(code);
  }
  const text = await Deno.readTextFile(`${ROOT}docs/error_codes.md`);
  const listed = new Set([...text.matchAll(/`([a-z0-9]+(?:_[a-z0-9]+)*)`/g)].map(([, code]) => code));
  const commands = ["demo", "simulate", "stream", "labels"];
  expect([...listed].filter((code) => !codes.has(code) && !commands.includes(code))).toEqual([]);
  expect([...codes].filter((code) => !listed.has(code))).toEqual([]);
  for (const code of codes) expect(code).toMatch(/^[a-z0-9]+(_[a-z0-9]+)*$/);
});
