import { expect } from "expect";
import { handbookPosterior } from "./handbook_posterior.ts";
import { DEFAULT_HANDBOOK, handbookWorld } from "./handbook_world.ts";

Deno.test("the handbook preset has the book's payments and the book's shares of fraud", () => {
  const world = handbookWorld(DEFAULT_HANDBOOK);
  // The book: 1,754,155 payments, 0.837% fraud; 978, 9,099 and 4,604 by scenario. Another seed, so other counts.
  expect(world.count).toBeGreaterThan(1_700_000);
  expect(world.count).toBeLessThan(1_830_000);
  const byScenario = [0, 0, 0, 0];
  for (const scenario of world.scenario) byScenario[scenario]++;
  const [genuine, large, terminal, customer] = byScenario;
  expect((world.count - genuine) / world.count).toBeCloseTo(0.0084, 2.5);
  expect(Math.abs(large / 978 - 1)).toBeLessThan(0.25);
  expect(Math.abs(terminal / 9099 - 1)).toBeLessThan(0.15);
  expect(Math.abs(customer / 4604 - 1)).toBeLessThan(0.15);
});

Deno.test("payments of the preset follow in time, at terminals within reach, large amounts being fraud", () => {
  const world = handbookWorld({ ...DEFAULT_HANDBOOK, customers: 300, terminals: 600, days: 40 });
  for (let row = 1; row < world.count; row++) {
    const [before, now] = [row - 1, row].map((r) => world.day[r] * 86_400 + world.second[r]);
    expect(now).toBeGreaterThanOrEqual(before);
    if (world.amountCents[row] > 22_000) expect(world.scenario[row]).toBeGreaterThan(0);
  }
  expect(new Set(world.terminal).size).toBeGreaterThan(100);
});

Deno.test("of payments with a posterior of p, a share of p is fraud, on the preset", () => {
  const world = handbookWorld({ ...DEFAULT_HANDBOOK, days: 75 });
  const posterior = handbookPosterior(world);
  const edges = [0, 0.002, 0.02, 0.2, 0.5, 0.8, 0.99, 1.000001];
  const bins = edges.slice(1).map(() => ({ rows: 0, expected: 0, frauds: 0 }));
  for (let row = 0; row < world.count; row++) {
    const bin = bins[edges.findIndex((edge) => posterior[row] < edge) - 1];
    bin.rows++;
    bin.expected += posterior[row];
    if (world.scenario[row] > 0) bin.frauds++;
  }
  for (const [i, { rows, expected, frauds }] of bins.entries()) {
    // Payments of one terminal are compromised together: three times the deviation of independent ones, and 15%.
    const slack = 3 * Math.sqrt(expected * 3) + 0.15 * expected;
    expect({ bin: edges[i], rows, fits: Math.abs(frauds - expected) < slack })
      .toEqual({ bin: edges[i], rows, fits: true });
    expect(rows).toBeGreaterThan(100);
  }
});
