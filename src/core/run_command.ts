import configuration from "../../deno.json" with { type: "json" };

/**
 * What a person can put right: shown as its message alone, with the exit code, and never as a stack. The message is
 * `CODE: what failed, on which value. The next move.`
 */
export class OperatorError extends Error {
  override name: string = "OperatorError";

  /**
   * @param code stable, so that scripts can branch on it
   * @param text the message without its code
   */
  constructor(readonly code: string, readonly text: string, options?: ErrorOptions) {
    super(`${code}: ${text}`, options);
  }
}

/** A command's flags do not make sense: `invalid_flag: which, and what is allowed`. */
export class FlagError extends OperatorError {
  override name = "FlagError";

  constructor(text: string) {
    super("invalid_flag", text);
  }
}

/**
 * Runs a command of deno.json to its end and ends the process: with the number returned, 0 for true or nothing, 1 for
 * false. What {@link toOperatorError} knows is printed as its message, exit code `faultCode`; any other error is a
 * fault of the program and is thrown.
 *
 * @param task its name in deno.json; `--help` prints the comment at the head of the program, or what stands there
 */
export async function runCommand(
  task: string,
  run: (args: string[]) => Promise<number | boolean | void>,
  faultCode = 1,
): Promise<never> {
  if (Deno.args.includes("--help") || Deno.args.includes("-h")) {
    console.log(aboutMainModule() ?? `\`deno task ${task}\`: ${tasks[task].description}`);
    Deno.exit(0);
  }
  // A server redirects console.error to its log; this line is for a person.
  const print = console.error;
  let result: number | boolean | void;
  try {
    result = await run(Deno.args);
  } catch (error) {
    const forOperator = toOperatorError(error, task);
    if (forOperator === null) throw error;
    print(forOperator.message);
    Deno.exit(faultCode);
  }
  Deno.exit(typeof result === "number" ? result : result === false ? 1 : 0);
}

/** The comment that a program begins with, as a person reads it: it names the flags. Null where it has none. */
function aboutMainModule(): string | null {
  let source: string;
  try {
    source = Deno.readTextFileSync(new URL(Deno.mainModule));
  } catch {
    return null;
  }
  const comment = /^\/\*\*(.*?)\*\//s.exec(source)?.[1];
  return comment?.split("\n").map((line) => line.replace(/^ \* ?/, "").trimEnd()).join("\n").trim() ?? null;
}

const tasks: Readonly<Record<string, { readonly description: string }>> = configuration.tasks;

/** For a command without arguments. */
export function refuseArguments(args: readonly string[]): void {
  if (args.length > 0) throw new FlagError(`Unknown argument "${args[0]}". This command takes none.`);
}

/**
 * Also of what node:util's parseArgs says of an argument, and the system of a file or folder: they name it, and a stack
 * says no more. Null for a fault of the program.
 *
 * @param task where there is one, its name in deno.json
 */
export function toOperatorError(error: unknown, task: string | null = null): OperatorError | null {
  if (error instanceof OperatorError) return error;
  const said = error instanceof Error ? error.message.replace(/\.$/, "") : "";
  if (String((error as { code?: unknown } | null)?.code).startsWith("ERR_PARSE_ARGS")) {
    return new FlagError(
      task === null ? `${said}.` : `${said}. \`deno task ${task} --help\` lists the flags.`,
    );
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new OperatorError(
      "not_permitted",
      `${said}. Give the account of this process that right, or name another file or folder.`,
      { cause: error },
    );
  }
  if (error instanceof Deno.errors.NotCapable) {
    return new OperatorError(
      "not_permitted",
      `${said}. Name what the task may use${
        task === null ? "" : `: its permissions are those of "${task}" in deno.json`
      }.`,
      { cause: error },
    );
  }
  // The second from mkdir.
  if (error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.AlreadyExists) {
    return new OperatorError(
      "not_a_folder",
      `${said}. A file is where a folder should be: move it away, or name another folder.`,
      { cause: error },
    );
  }
  if (error instanceof Deno.errors.IsADirectory) {
    return new OperatorError("not_a_file", `${said}. A folder is where a file should be: name a file.`, {
      cause: error,
    });
  }
  return null;
}
