import configuration from "../../deno.json" with { type: "json" };

/** What a person can put right: shown as its message alone, with the exit code, and never as a stack. */
export class OperatorError extends Error {
  override name: string = "OperatorError";
}

/**
 * Runs a command of deno.json to its end and ends the process: with the number returned, 0 for true or nothing, 1 for
 * false. An {@link OperatorError} is printed as its message, exit code `faultCode`; any other error is a fault of the
 * program and is thrown.
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
    if (!isForOperator(error)) throw error;
    print((error as Error).message);
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
  if (args.length > 0) throw new OperatorError(`Unknown argument "${args[0]}". This command takes none.`);
}

/**
 * Also what node:util's parseArgs says of an argument, and the system of a file or folder: they name it, and a stack
 * says no more.
 */
export function isForOperator(error: unknown): boolean {
  return error instanceof OperatorError || error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.NotCapable ||
    String((error as { code?: unknown } | null)?.code).startsWith("ERR_PARSE_ARGS");
}
