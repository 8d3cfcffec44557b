import { expect } from "expect";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * What each folder may import besides itself. Inward only: a folder of one line never imports its neighbour, and
 * whoever puts neighbours together stands above them.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "src/core": [],
  "src/db": ["src/core"],
  "src/ledger": ["src/db", "src/core"],
  "src/audit": ["src/db", "src/core"],
  "src/fraud": ["src/core"],
  "src/routing": ["src/db", "src/core"],
  "src/providers": ["src/core"],
  ...Object.fromEntries(
    ["payments", "wallets", "analytics", "monitoring", "compliance"].map((domain) => [
      `src/${domain}`,
      ["src/fraud", "src/routing", "src/providers", "src/ledger", "src/audit", "src/db", "src/core"],
    ]),
  ),
  "src/mcp": [
    "src/payments",
    "src/wallets",
    "src/analytics",
    "src/monitoring",
    "src/compliance",
    "src/fraud",
    "src/core",
  ],
  "src/dashboard": ["src/payments", "src/wallets", "src/fraud", "src/db", "src/core"],
  "src/http": ["src/mcp", "src/dashboard", "src/payments", "src/wallets", "src/db", "src/core"],
  "sim/world": ["sim/fraud", "src/fraud", "src/core"],
  "sim/fraud": ["sim/world", "src/fraud", "src/core"],
  "sim/train": ["sim/world", "sim/fraud", "src/fraud", "src/core"],
  "load": [],
};
/** What any place may import; the tasks' descriptions stand in deno.json. */
const FOR_ALL = new Set(["src/config.ts", "src/version.ts", "deno.json"]);

Deno.test("imports point inward, and neighbours do not import each other", async () => {
  const broken: string[] = [];
  for await (const path of sourceFiles(ROOT)) {
    const place = placeOf(path);
    const allowed = place === null ? null : MAY_IMPORT[place];
    for (const target of await importsOf(path)) {
      const imported = placeOf(target);
      const inSrc = path.startsWith("src/");
      if (inSrc && (target.startsWith("sim/") || target.startsWith("load/"))) {
        broken.push(`${path} → ${target}: src imports neither sim nor load`);
      } else if (allowed && imported !== place && !FOR_ALL.has(target)) {
        if (imported === null || !allowed.includes(imported)) broken.push(`${path} → ${target}`);
      }
    }
  }
  expect(broken).toEqual([]);
});

Deno.test("src/fraud/features imports nothing but src/core", async () => {
  const broken: string[] = [];
  for await (const path of sourceFiles(join(ROOT, "src/fraud/features"))) {
    for (const target of await importsOf(path)) {
      if (!target.startsWith("src/fraud/features/") && !target.startsWith("src/core/")) {
        broken.push(`${path} → ${target}`);
      }
    }
  }
  expect(broken).toEqual([]);
});

/** The longest listed folder a file lies in; null for the files that put the parts together. */
function placeOf(path: string): string | null {
  const places = Object.keys(MAY_IMPORT).filter((place) => path.startsWith(`${place}/`));
  return places.sort((a, b) => b.length - a.length)[0] ?? null;
}

/** Tests and what serves them may reach anywhere. */
async function* sourceFiles(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (
      entry.isDirectory && !entry.name.startsWith(".") && entry.name !== "testing" &&
      entry.name !== "node_modules"
    ) {
      yield* sourceFiles(path);
    } else if (/\.ts$/.test(entry.name) && !/_test\.ts$/.test(entry.name)) yield relative(ROOT, path);
  }
}

async function importsOf(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(ROOT, path));
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)]
    .map(([, target]) => relative(ROOT, join(ROOT, dirname(path), target)));
}
