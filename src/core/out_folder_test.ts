import { expect } from "expect";
import { join } from "node:path";
import { OperatorError } from "./run_command.ts";
import { makeOutFolder } from "./out_folder.ts";

Deno.test("makeOutFolder() makes a folder and leaves nothing in it, and refuses what cannot be one", async () => {
  const root = await Deno.makeTempDir();
  try {
    const folder = join(root, "deep", "down");
    await makeOutFolder(folder);
    await makeOutFolder(folder);
    expect([...Deno.readDirSync(folder)]).toEqual([]);

    const file = join(root, "file");
    await Deno.writeTextFile(file, "kept");
    for (const path of [file, join(file, "below")]) {
      const error: unknown = await makeOutFolder(path, "--folds-out").catch((error) => error);
      expect(error).toBeInstanceOf(OperatorError);
      expect((error as Error).message).toBe(
        `out_not_writable: --folds-out ${path}: a file is in its place. Give a folder that can be written to.`,
      );
    }
    expect(await Deno.readTextFile(file)).toBe("kept");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
