import { expect } from "expect";
import { wilson95 } from "./wilson.ts";

Deno.test("wilson95() agrees with the table, and is sane without any hit", () => {
  const [low, high] = wilson95(5, 20);
  expect(low).toBeCloseTo(0.112, 3);
  expect(high).toBeCloseTo(0.469, 3);
  expect(wilson95(0, 10)[0]).toBe(0);
  expect(wilson95(0, 10)[1]).toBeGreaterThan(0.2);
});
