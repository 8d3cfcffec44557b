import { join } from "node:path";
import { expect } from "expect";
import { DatabaseStartError } from "./errors.ts";
import { lockDataDirectory } from "./lock_data_directory.ts";

Deno.test("lockDataDirectory() refuses a second holder, naming the folder and the first one's pid", async () => {
  const dataDirectory = join(await Deno.makeTempDir(), "data");
  const first = await lockDataDirectory(dataDirectory);

  const error = await lockDataDirectory(dataDirectory).then(() => undefined, (error) => error);
  expect(error).toBeInstanceOf(DatabaseStartError);
  expect(error.code).toBe("data_directory_in_use");
  expect(error.message).toContain(`${dataDirectory}: process ${Deno.pid} runs on it`);

  first.release();
  (await lockDataDirectory(dataDirectory)).release();
  await Deno.remove(join(dataDirectory, ".."), { recursive: true });
});

Deno.test("lockDataDirectory() takes absolute folders only", async () => {
  for (const [path, message] of [[".data", "is not absolute"], ["/etc/passwd", "is not a folder"]]) {
    await expect(lockDataDirectory(path)).rejects.toThrow(message);
  }
});
