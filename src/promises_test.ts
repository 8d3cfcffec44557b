import { expect } from "expect";
import { fileURLToPath } from "node:url";

/**
 * `docs/*_promises.md` say, promise by promise, what shows it. Each is tables of three columns:
 *
 *     | promise | shown by | figure |
 *     |---|---|---|
 *     | charged once | `src/a_test.ts`: "the test's name", "another's"; `deno task x --flag`; `docs/why.md` | 0 of 500 |
 *
 * A test file is followed by the names of those of its tests that show it. Everything in back quotes is a file, a task,
 * or a variable of `.env.example`.
 */
const ROOT = new URL("../", import.meta.url);
const HEAD = "| promise | shown by | figure |";

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** The lines of a document's tables, without heads and rules. */
function rowsOf(text: string): Row[] {
  return text.split("\n").flatMap((line, i) =>
    line.startsWith("|") && line !== HEAD && !/^\|[-|: ]+\|$/.test(line)
      ? [{ line: i + 1, cells: line.slice(1, -1).split("|").map((cell) => cell.trim()) }]
      : []
  );
}

/** What is wrong with a row's second cell: nothing, if all that it names is there. */
async function faultsOf(shownBy: string, known: Known): Promise<string[]> {
  const faults: string[] = [];
  let references = 0;
  let testFile: string | null = null;
  let named = 0;
  const endTestFile = () => {
    if (testFile !== null && named === 0) faults.push(`${testFile} is named without a test of it`);
  };
  for (const [, code, name] of shownBy.matchAll(/`([^`]*)`|"([^"]*)"/g)) {
    if (name !== undefined) {
      named++;
      if (testFile === null) faults.push(`"${name}" follows no test file`);
      else if (!await known.hasTest(testFile, name)) faults.push(`${testFile} has no test "${name}"`);
      continue;
    }
    endTestFile();
    [testFile, named] = [code.endsWith("_test.ts") ? code : null, 0];
    references++;
    if (!await known.has(code)) {
      faults.push(`there is no ${code}`);
      testFile = null;
    }
  }
  endTestFile();
  if (references === 0) faults.push("names no test, no task and no file");
  return faults;
}

interface Known {
  has(code: string): Promise<boolean>;
  hasTest(path: string, name: string): Promise<boolean>;
}

async function whatIsThere(): Promise<Known> {
  const { tasks } = JSON.parse(await read("deno.json")) as { tasks: Record<string, unknown> };
  const environment = await read(".env.example");
  const titles = new Map<string, readonly RegExp[]>();
  return {
    has: async (code) => {
      const task = /^deno task (\S+)/.exec(code)?.[1];
      if (task !== undefined) return task in tasks;
      if (/^[A-Z][A-Z0-9_]*$/.test(code)) return new RegExp(`^#? ?${code}=`, "m").test(environment);
      return await Deno.stat(new URL(code, ROOT)).then(() => true, () => false);
    },
    hasTest: async (path, name) => {
      if (!titles.has(path)) titles.set(path, titlesOf(await read(path)));
      return titles.get(path)!.some((title) => title.test(name));
    },
  };
}

/** The names that a file gives its tests; where one is put together, whatever may stand in its gaps. */
function titlesOf(source: string): RegExp[] {
  const named = source.matchAll(/Deno\.test\(\s*(?:\{\s*name:\s*)?(["'`])((?:\\.|(?!\1).)*)\1/gs);
  return [...named].map(([, quote, title]) =>
    new RegExp(
      `^${
        (quote === "`" ? title.split(/\$\{[^}]*\}/) : [title]).map((part) =>
          RegExp.escape(part.replace(/\\(.)/g, "$1"))
        ).join(".+")
      }$`,
    )
  );
}

function read(path: string): Promise<string> {
  return Deno.readTextFile(fileURLToPath(new URL(path, ROOT)));
}

Deno.test("each promise in docs names what shows it: tests by file and name, tasks and files that are there", async () => {
  const known = await whatIsThere();
  const documents = (await Array.fromAsync(Deno.readDir(new URL("docs/", ROOT)))).map(({ name }) => name)
    .filter((name) => name.endsWith("_promises.md")).sort();
  expect(documents).toContain("payment_promises.md");
  const faults: string[] = [];
  for (const document of documents) {
    const text = await read(`docs/${document}`);
    const rows = rowsOf(text);
    expect(rows.length).toBeGreaterThan(10);
    // As many heads as tables: no table of another form.
    expect(text.split(HEAD).length).toBe(text.split(/^\|---/m).length);
    for (const { line, cells } of rows) {
      const at = `docs/${document}:${line}`;
      if (cells.length !== 3) faults.push(`${at} has ${cells.length} cells`);
      else if (cells[0] === "") faults.push(`${at} promises nothing`);
      else faults.push(...(await faultsOf(cells[1], known)).map((fault) => `${at}: ${fault}`));
    }
  }
  expect(faults).toEqual([]);
});

Deno.test("a row is found out that names a test, a task, a file or a variable that is not there", async () => {
  const known = await whatIsThere();
  const self = "`src/promises_test.ts`";
  const name = "a row is found out that names a test, a task, a file or a variable that is not there";
  const contract = "`src/providers/provider_contract_test.ts`";
  const cases: [shownBy: string, fault: RegExp | null][] = [
    [`${self}: "${name}"`, null],
    [`${contract}: "a provider over HTTP keeps its promises"; \`deno task serve --stdio\``, null],
    ["set by `STEP_UP_AT`; `docs/decisions`", null],
    [`${self}: "${name} now"`, /has no test/],
    [`${contract}: "a provider keeps its promises"`, /has no test/],
    [self, /without a test of it/],
    [`${self}, \`deno.json\``, /without a test of it/],
    ['`src/none_test.ts`: "x"', /there is no src\/none_test\.ts/],
    ["`deno task none`", /there is no deno task none/],
    ["`docs/*.md`", /there is no/],
    ["`STEP_UP`", /there is no/],
    [`"${name}"`, /follows no test file/],
    ["looked at by eye", /names no test/],
  ];
  for (const [shownBy, fault] of cases) {
    const found = (await faultsOf(shownBy, known)).join("; ");
    expect({ shownBy, found }).toEqual({
      shownBy,
      found: fault === null ? "" : expect.stringMatching(fault),
    });
  }
});
