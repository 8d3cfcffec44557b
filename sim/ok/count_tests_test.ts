import { expect } from "expect";
import { countTests } from "./count_tests.ts";

Deno.test("countTests() takes the counts of the report's root, and what was skipped is not passed", () => {
  const junit = `<?xml version="1.0"?>
<testsuites name="deno test" tests="7" failures="2" errors="1" time="0.009">
  <testsuite name="a" tests="7"><testcase name="x"><skipped/></testcase></testsuite>
</testsuites>`;
  expect(countTests(junit)).toEqual({ passed: 3, failed: 3, ignored: 1 });
});

Deno.test("countTests() refuses what is not a report, so that an aborted run never counts as passed", () => {
  expect(() => countTests("")).toThrow("no JUnit report");
  expect(() => countTests('<testsuites tests="3">')).toThrow("says nothing of failures");
});
