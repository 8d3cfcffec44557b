import { expect } from "expect";
import { mostPasses, passesText, ROWS_OF_AN_EPOCH } from "./most_passes.ts";

Deno.test("mostPasses() is the epochs for enough rows, and more of them for fewer", () => {
  for (
    const [epochs, rows, passes] of [
      [20, 80_000, 20],
      [20, ROWS_OF_AN_EPOCH, 20],
      [20, ROWS_OF_AN_EPOCH / 2, 40],
      // 23 batches a pass, 240 batches asked for.
      [3, 11_974, 11],
      // 15 batches.
      [3, 8_000, 16],
      [1, 100, 80],
    ]
  ) expect([rows, mostPasses(epochs, rows)]).toEqual([rows, passes]);
});

Deno.test("passesText() tells what was really gone through, and why that is more than the epochs", () => {
  const curve = (bestPass: number) => ({ trainingLoss: [3, 2, 1], bestPass, mostPasses: 11 });
  expect(passesText([curve(2)], 80_000)).toBe("3 of 11 at most, those after 2 kept");
  expect(passesText([curve(3), curve(1)], 11_974)).toBe(
    "3 of 11 at most (an epoch is 80 batches of 512 at least), those after 1 to 3 kept",
  );
});
