import { OperatorError } from "../../src/core/run_command.ts";

/** Makes the file empty, or anew: what cannot be written to is refused with `out_not_writable` before a world is made for it. */
export function claimFile(path: string): void {
  try {
    Deno.writeFileSync(path, new Uint8Array());
  } catch (error) {
    throw new OperatorError(
      "out_not_writable",
      `${path}: ${(error as Error).message}. Give the path of a file in a folder that can be written to.`,
      { cause: error },
    );
  }
}
