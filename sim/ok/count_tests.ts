export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

/** Counts of a JUnit report as `deno test --junit-path` writes it. Throws where the text is none. */
export function countTests(junit: string): TestCounts {
  const [root] = /<testsuites\b[^>]*>/.exec(junit) ?? [];
  if (root === undefined) throw new Error("The test run left no JUnit report");
  const tests = attribute(root, "tests");
  const failed = attribute(root, "failures") + attribute(root, "errors");
  const ignored = [...junit.matchAll(/<skipped\b/g)].length;
  return { passed: tests - failed - ignored, failed, ignored };
}

function attribute(element: string, name: string): number {
  const value = new RegExp(`\\b${name}="(\\d+)"`).exec(element)?.[1];
  if (value === undefined) throw new Error(`The JUnit report says nothing of ${name}: ${element}`);
  return Number(value);
}
