import { expect } from "expect";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { join } from "node:path";
import { daysOfPartition, parsePartition } from "../world/partition.ts";
import { exportFiles } from "./export_command.ts";

const SIMULATE = new URL("../simulate.ts", import.meta.url).pathname;
const SMALL = ["--days", "14", "--customers", "300", "--seed", "5"];

async function simulate(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-env", "--allow-read", "--allow-write", SIMULATE, ...args],
  }).output();
  expect([success, success ? "" : new TextDecoder().decode(stderr)]).toEqual([true, ""]);
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("four processes make four parts whose union is the whole, byte for byte, in all three streams", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "world.csv");
    await Promise.all([
      simulate("--csv", path, ...SMALL),
      ...[1, 2, 3, 4].map((part) => simulate("--csv", path, ...SMALL, "--partition", `${part}/4`)),
    ]);
    for (const [stream, atLeast] of [["", 3000], [".refunds", 30], [".transfers", 200]] as const) {
      const whole = await Deno.readTextFile(join(folder, `world${stream}.csv`));
      const header = whole.slice(0, whole.indexOf("\n") + 1);
      let union = header;
      for (const part of [1, 2, 3, 4]) {
        const text = await Deno.readTextFile(join(folder, `world${stream}-${part}-of-4.csv`));
        expect(text.startsWith(header)).toBe(true);
        union += text.slice(header.length);
      }
      expect(union === whole).toBe(true);
      expect(whole.split("\n").length).toBeGreaterThan(atLeast);
    }
    // What all parts share is written once.
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    expect(names.filter((name) => name.includes("customers")).sort())
      .toEqual(["world.customers-1-of-4.csv", "world.customers.csv"]);
  });
});

Deno.test("a Parquet file reads back as the CSV's rows", async () => {
  await inFolder(async (folder) => {
    await simulate("--csv", join(folder, "a.csv"), "--parquet", join(folder, "a.parquet"), ...SMALL);
    const [header, ...lines] = (await Deno.readTextFile(join(folder, "a.csv"))).trimEnd().split("\n");
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, "a.parquet")) });
    expect(Object.keys(rows[0])).toEqual(header.split(","));
    expect(rows.map((row) => Object.values(row).map((cell) => cell ?? "").join(","))).toEqual(lines);
  });
});

Deno.test("the parts of a partition are runs of days that meet, each a day at least", () => {
  for (const [days, parts] of [[60, 16], [183, 7], [5, 5], [1, 1]]) {
    let next = 0;
    for (let part = 1; part <= parts; part++) {
      const [from, to] = daysOfPartition({ part, parts }, days);
      expect(from).toBe(next);
      expect(to).toBeGreaterThan(from);
      next = to;
    }
    expect(next).toBe(days);
  }
  expect(parsePartition("3/16")).toEqual({ part: 3, parts: 16 });
  for (const wrong of ["0/4", "5/4", "3", "a/b", "1/0"]) expect(parsePartition(wrong)).toBe(null);
  expect(() => daysOfPartition({ part: 1, parts: 9 }, 8)).toThrow("8 days");
});

Deno.test("what the preset has of its own is refused with what to do instead, and no folder is made", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await expect(exportFiles({ csv: `${folder}/new/a.csv`, preset: "handbook", customers: "200" })).rejects
      .toThrow("--preset handbook has its own --customers: leave --customers out, or leave out --preset");
    expect([...Deno.readDirSync(folder)]).toEqual([]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
