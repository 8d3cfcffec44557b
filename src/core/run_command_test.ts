import { expect } from "expect";
import { parseArgs } from "node:util";
import { FlagError, OperatorError, refuseArguments, toOperatorError } from "./run_command.ts";

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown.");
}

Deno.test("a message begins with its code, and is kept without it, too", () => {
  const error = new OperatorError("world_missing", 'Tenant "a" has no world.', { cause: 1 });
  expect([error.code, error.text, error.message, error.cause]).toEqual([
    "world_missing",
    'Tenant "a" has no world.',
    'world_missing: Tenant "a" has no world.',
    1,
  ]);
  expect(new FlagError("--days needs a value.").message).toBe("invalid_flag: --days needs a value.");
  expect(() => refuseArguments(["--x"])).toThrow('invalid_flag: Unknown argument "--x".');
  expect(toOperatorError(error)).toBe(error);
});

Deno.test("what parseArgs says of flags gets a code, and the next move where the command is known", () => {
  const options = { days: { type: "string" }, dry: { type: "boolean" } } as const;
  for (const args of [["--days"], ["--hours", "3"], ["extra"], ["--dry=yes"]]) {
    const error = thrownBy(() => parseArgs({ args, options }));
    expect(toOperatorError(error, "train")!.message).toMatch(
      /^invalid_flag: .*(days|hours|extra|dry).*[^.]\. `deno task train --help` lists the flags\.$/s,
    );
    expect(toOperatorError(error)!.message).toMatch(/^invalid_flag: [^]*[^.]\.$/);
  }
});

Deno.test("what the system says of files and folders gets a code and a next move; a fault of the program stays one", async () => {
  const file = await Deno.makeTempFile();
  try {
    for (
      const work of [
        Deno.stat(`${file}/inside`),
        Deno.mkdir(file, { recursive: true }),
        Deno.readTextFile("."),
      ]
    ) {
      const error = await work.then(() => null, (error) => error);
      expect(toOperatorError(error)!.message).toMatch(/^not_a_(folder|file): .* '.+'\. .+\.$/);
      expect(toOperatorError(error)!.cause).toBe(error);
    }
  } finally {
    await Deno.remove(file);
  }
  const errors: [Error, RegExp][] = [
    [
      new Deno.errors.PermissionDenied("Permission denied (os error 13): open '/etc/shadow'"),
      /^not_permitted: .*shadow'\. .+\.$/,
    ],
    [
      new Deno.errors.NotCapable('Requires write access to "/x", run again with the --allow-write flag'),
      /^not_permitted: .*"\/x", .* "train" in deno\.json\.$/,
    ],
  ];
  for (const [error, message] of errors) {
    const known = toOperatorError(error, "train")!;
    expect(known.message).toMatch(message);
    expect(known.cause).toBe(error);
  }
  for (const error of [new TypeError("x is not a function"), new Error("lost"), "text", null, undefined]) {
    expect(toOperatorError(error, "train")).toBeNull();
  }
});
