import { OperatorError } from "./run_command.ts";

/** Makes the folder that a long run will write to, and writes to it: before the run, not after hours of it. */
export async function makeOutFolder(path: string, flag = "--out"): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
    await Deno.remove(await Deno.makeTempFile({ dir: path, prefix: ".probe-" }));
  } catch (error) {
    const why = error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory
      ? "a file is in its place"
      : error instanceof Deno.errors.NotCapable
      ? "the task may not write there"
      : (error as Error).message;
    throw new OperatorError(
      "out_not_writable",
      `${flag} ${path}: ${why}. Give a folder that can be written to.`,
    );
  }
}
