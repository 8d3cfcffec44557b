import { expect } from "expect";
import { formatDuration, parseDurationMs } from "./duration.ts";

Deno.test("parseDurationMs() reads what k6 reads", () => {
  const cases: [string, number][] = [
    ["30s", 30_000],
    ["1m30s", 90_000],
    ["1h", 3_600_000],
    ["2m", 120_000],
    ["500ms", 500],
    ["1s500ms", 1500],
    ["1.5s", 1500],
    ["0s", 0],
    ["0", 0],
  ];
  for (const [text, expected] of cases) {
    expect([text, parseDurationMs(text, "DURATION")]).toEqual([text, expected]);
  }
});

Deno.test("parseDurationMs() names the setting that is wrong", () => {
  for (const text of ["", "30", "fast", "-1s", "s"]) {
    expect(() => parseDurationMs(text, "DURATION")).toThrow(/^DURATION is ".*", not a duration/);
  }
});

Deno.test("formatDuration() writes the shortest usual form", () => {
  expect([30_000, 1500, 250, 0].map(formatDuration)).toEqual(["30s", "1.5s", "250ms", "0s"]);
});
