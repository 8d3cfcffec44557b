import { expect } from "expect";
import { averagePrecision } from "../../../src/fraud/measures/metrics.ts";
import { Network } from "../../../src/fraud/model/network.ts";
import { Random } from "../../../src/core/random.ts";
import { binFeatures, binOf, MOST_BINS } from "./binned_features.ts";
import { boostTrees } from "./boost_trees.ts";
import { valueOf } from "./grow_tree.ts";
import { CORNER_INPUTS, plantedCorner } from "./planted_corner.ts";
import { refineInputs } from "./refine_inputs.ts";
import { cutsUsed, treesMember } from "./trees_member.ts";

Deno.test("boostTrees() finds fraud in a corner of two features, and the member gives what the trees do", () => {
  const train = plantedCorner(8000, 1);
  const boosted = boostTrees(train, plantedCorner(4000, 2), CORNER_INPUTS, 7);
  expect(boosted.trees.length).toBeGreaterThan(0);
  const inputs = refineInputs(CORNER_INPUTS, cutsUsed(boosted));
  const network = new Network(inputs, treesMember(boosted, inputs));
  const scoresOf = (rows: typeof train) =>
    Float64Array.from({ length: rows.length }, (_, row) => network.logit(rows.vector(row)));

  const fresh = plantedCorner(4000, 3);
  // The best there is: 0.8 of what is in a corner, and one in a hundred of the rest.
  expect(averagePrecision(scoresOf(fresh), fresh.label)).toBeGreaterThan(0.6);

  const binned = binFeatures(train, CORNER_INPUTS);
  scoresOf(train).forEach((score, row) => {
    const sum = boosted.trees.reduce((logit, tree) => logit + valueOf(tree, binned, row), boosted.bias);
    expect(Math.abs(score - sum)).toBeLessThan(1e-5);
  });
});

Deno.test("boostTrees() gives the same trees for the same seed, and others for another", () => {
  const [train, stop] = [plantedCorner(2000, 1), plantedCorner(2000, 2)];
  const first = JSON.stringify(boostTrees(train, stop, CORNER_INPUTS, 7));
  expect(JSON.stringify(boostTrees(train, stop, CORNER_INPUTS, 7))).toBe(first);
  expect(JSON.stringify(boostTrees(train, stop, CORNER_INPUTS, 8))).not.toBe(first);
});

Deno.test("without a feature that varies, or without fraud, the trees give the share of fraud", () => {
  const rows = plantedCorner(500, 1);
  const still = { ...rows, vector: () => Float32Array.of(1, 1, 1, 4) };
  const stopped = boostTrees(still, still, CORNER_INPUTS, 7);
  const { bias, trees, features } = stopped;
  expect([trees, features]).toEqual([[], []]);
  const inputs = CORNER_INPUTS.map((input) => ({ ...input, edges: [] }));
  const network = new Network(inputs, treesMember(stopped, inputs));
  expect(network.logit(Float32Array.of(1, 1, 1, 4))).toBeCloseTo(bias, 5);

  const clean = { ...rows, label: new Uint8Array(rows.length) };
  const none = boostTrees(clean, clean, CORNER_INPUTS, 7);
  const finer = refineInputs(CORNER_INPUTS, cutsUsed(none));
  const least = new Network(finer, treesMember(none, finer)).logit(rows.vector(0));
  expect(least).toBeLessThan(-5);
});

Deno.test("binFeatures() fills bins evenly, keeps few values apart and leaves out what never varies", () => {
  const random = new Random(4);
  const vectors = Array.from(
    { length: 6400 },
    (_, i) => Float64Array.of(random.normal(), i % 10 === 0 ? random.integer(1, 3) : 0, 4),
  );
  const rows = {
    length: vectors.length,
    vector: (row: number) => vectors[row],
    label: new Uint8Array(vectors.length),
    weight: new Float32Array(vectors.length).fill(1),
  };
  const [fine, few, ...others] = binFeatures(rows, CORNER_INPUTS);
  expect(others).toEqual([]);
  expect(fine.cuts.length).toBe(MOST_BINS - 1);
  const filled = new Uint32Array(MOST_BINS);
  for (const bin of fine.bins) filled[bin]++;
  expect(Math.min(...filled)).toBeGreaterThan(90);
  expect(Math.max(...filled)).toBeLessThan(110);
  expect(few.cuts).toEqual([{ below: 0, above: 1 }, { below: 1, above: 2 }, { below: 2, above: 3 }]);
  expect([-1, 0, 0.5, 1, 2.9, 3, 9].map((value) => binOf(few.cuts, value))).toEqual([0, 0, 0, 1, 2, 3, 3]);
});
