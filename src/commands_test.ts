import { expect } from "expect";
import { fileURLToPath } from "node:url";
import configuration from "../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CODED = /^[a-z0-9]+(_[a-z0-9]+)+: \S.+/;

/** The last program of a task, with the task's own permissions and flags; ALLOW_NET adds none. */
function programOf(task: string): string[] {
  const { command } = (configuration.tasks as Record<string, { command: string }>)[task];
  return command.split("deno run ").at(-1)!.replaceAll("$ALLOW_NET", "").split(" ");
}

/** What a person is told who runs the task with these arguments. */
async function told(task: string, args: readonly string[], environment: Record<string, string> = {}) {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...programOf(task), ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...environment },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { task, code, text: new TextDecoder().decode(stderr) };
}

// The test runner hands its arguments on.
const TASKS = Object.keys(configuration.tasks).filter((task) => task !== "test");

Deno.test("each command refuses a flag that there is not, by a code and in one line, before it does anything", async () => {
  const answers = [];
  for (const task of TASKS) answers.push(await told(task, ["--no-such-flag"]));
  const wrong = answers.filter(({ task, code, text }) =>
    code === 0 || !text.startsWith(task.startsWith("load") ? "bad_option: " : "invalid_flag: ") ||
    !text.includes("--no-such-flag") || text.trim().split("\n").length !== 1
  );
  expect(wrong).toEqual([]);
});

Deno.test("what a person can put right is said by a code first", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/file`, "no folder");
    await Deno.writeTextFile(`${folder}/labels.csv`, "payment,fraud\n");
    const environment = { DATA_DIR: `${folder}/data` };
    const cases: [code: string, task: string, args: string[], environment?: Record<string, string>][] = [
      ["invalid_flag", "train", ["--days"]],
      ["invalid_flag", "train", ["--days", "19"]],
      ["invalid_flag", "token", ["extra"]],
      ["invalid_flag", "simulate", ["--days", "many"]],
      ["invalid_flag", "simulate", ["--preset", "handbook"]],
      ["invalid_flag", "simulate", ["--live", "--url", "nowhere"]],
      ["out_not_writable", "simulate", ["--days", "2", "--customers", "5", "--csv", folder]],
      ["not_a_folder", "simulate", [
        "--days",
        "2",
        "--customers",
        "5",
        "--csv",
        `${folder}/file/payments.csv`,
      ]],
      ["invalid_flag", "bench:fraud", ["--model", "nowhere"]],
      ["invalid_flag", "bench:transfers", ["--over", "smtp"]],
      ["invalid_flag", "model:drift", ["--top", "0"]],
      ["invalid_flag", "model:promote", ["--as-of", "today"]],
      ["invalid_flag", "labels", []],
      ["invalid_setting", "serve", [], { PORT: "many" }],
      ["invalid_setting", "token", [], { JWT_SECRET_KEY: "" }],
      ["out_not_writable", "train", ["--out", `${folder}/file`]],
      ["model_unreadable", "bench:fraud", ["--forest", "off", "--out", folder, "--model", `tfjs:${folder}`]],
      ["forest_missing", "bench:fraud", ["--forest", `${folder}/python`, "--out", folder]],
      ["train_too_few_frauds", "train", ["--days", "20", "--customers", "300", "--out", folder]],
      ["model_unusable", "model:drift", ["--model", `${folder}/nowhere`]],
      ["pgbench_missing", "bench:transfers", ["--pgbench", `${folder}/pgbench`]],
      ["labels_unreadable", "labels", [`${folder}/nowhere.csv`]],
      ["labels_wrong_header", "labels", [`${folder}/labels.csv`]],
      ["no_charges", "charges", []],
      ["not_running", "db:url", []],
      ["database_missing", "stream", []],
      ["data_directory_unusable", "ledger:check", [], { DATA_DIR: `${folder}/file` }],
      ["k6_missing", "k6:install", [], { K6: `${folder}/k6` }],
    ];
    for (const [code, task, args, more] of cases) {
      const answer = await told(task, args, { ...environment, ...more });
      // A run tells what it does, too; what keeps it from its end comes last.
      const said = answer.text.trim().split("\n").at(-1)!;
      expect([task, args, said]).toEqual([task, args, expect.stringMatching(CODED)]);
      expect([task, args, said.slice(0, said.indexOf(":"))]).toEqual([task, args, code]);
      expect([task, args, answer.code === 0]).toEqual([task, args, false]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
