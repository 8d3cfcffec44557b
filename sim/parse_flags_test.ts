import { expect } from "expect";
import { midnight, parseFlags, wholeNumber } from "./parse_flags.ts";

const parse = (...args: string[]) =>
  parseFlags(args, { values: ["days", "out"], switches: ["live"], lists: ["model"] });

Deno.test("parseFlags() takes values in both spellings, switches, and lists in their order", () => {
  const { values, switches, lists } = parse(
    "--days",
    "3",
    "--out=a=b",
    "--model",
    "x",
    "--live",
    "--model=y",
  );
  expect([values, [...switches], lists]).toEqual([{ days: "3", out: "a=b" }, ["live"], {
    model: ["x", "y"],
  }]);
});

Deno.test("flags that make no sense carry one code, the flag, what is wrong with it and what is allowed", () => {
  const cases: [work: () => unknown, message: string][] = [
    [() => parse("--days"), "invalid_flag: --days needs a value."],
    [() => parse("--out", ""), "invalid_flag: --out needs a value."],
    [
      () => parse("--hours", "3"),
      'invalid_flag: Unknown argument "--hours". Known: --days …, --out …, --model …, --live.',
    ],
    [() => parse("3"), 'invalid_flag: Unknown argument "3". Known: --days …, --out …, --model …, --live.'],
    [
      () => parse("--live=yes"),
      'invalid_flag: Unknown argument "--live=yes". Known: --days …, --out …, --model …, --live.',
    ],
    ...["x", "0", "21", "1.5", " ", "1e999"].map((text): [() => unknown, string] => [
      () => wholeNumber("folds", text, 4, 1, 20),
      `invalid_flag: --folds must be a whole number from 1 to 20, not "${text}".`,
    ]),
    ...["2026-13-01", "05.01.2026", "today"].map((text): [() => unknown, string] => [
      () => midnight("start", text),
      `invalid_flag: --start must be a day such as 2026-01-05, not "${text}".`,
    ]),
  ];
  for (const [work, message] of cases) expect(work).toThrow(new Error(message));
  expect(wholeNumber("folds", undefined, 4, 1, 20)).toBe(4);
  expect(wholeNumber("folds", "20", 4, 1, 20)).toBe(20);
  expect(midnight("start", "2026-01-05")).toBe(Date.UTC(2026, 0, 5));
});
