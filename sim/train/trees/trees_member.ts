import type { InputSpec } from "../../../src/fraud/model/manifest.ts";
import type { DenseLayer } from "../../../src/fraud/model/network.ts";
import type { Cut } from "./binned_features.ts";
import type { BoostedTrees } from "./boost_trees.ts";
import type { Tree } from "./grow_tree.ts";
import { binsBetween } from "./refine_inputs.ts";

/** The bins of one feature that lead to a leaf. */
interface Range {
  readonly from: number;
  readonly upTo: number;
}

interface LeafPath {
  readonly value: number;
  /** By place among the trees' features; those that the path does not ask for are missing. */
  readonly ranges: ReadonlyMap<number, Range>;
}

/** The cuts that any tree asks for, by place in the vector. */
export function cutsUsed({ trees, features }: BoostedTrees): Map<number, Cut[]> {
  const used = new Map<number, Set<number>>();
  const visit = (tree: Tree): void => {
    if (!("feature" in tree)) return;
    used.set(tree.feature, (used.get(tree.feature) ?? new Set()).add(tree.bin));
    visit(tree.below);
    visit(tree.above);
  };
  trees.forEach(visit);
  return new Map(
    [...used].map(([place, bins]) => {
      const { feature, cuts } = features[place];
      return [feature, [...bins].map((bin) => cuts[bin])];
    }),
  );
}

/**
 * Trees as a member of three layers over inputs that have the cuts among their edges. A cut is then a bin of the inputs,
 * 0 below and 1 above, and between two neighbouring values of the training rows a ramp. A leaf is a unit: of its conditions
 * all are met, or relu passes nothing. As in {@link linearMember}, what is above 0 and what is below it go through a unit
 * each.
 */
export function treesMember(boosted: BoostedTrees, inputs: readonly InputSpec[]): DenseLayer[] {
  const leaves = boosted.trees.flatMap(leavesOf).filter(({ value }) => value !== 0);
  const units = Math.max(1, leaves.length);
  const rowOf: number[] = [];
  const rows = inputs.reduce((row, { edges }, feature) => {
    rowOf[feature] = row;
    return row + Math.max(0, edges.length - 1);
  }, 0);
  const kernel = new Float32Array(rows * units);
  const bias = new Float32Array(units);
  leaves.forEach(({ ranges }, unit) => {
    bias[unit] = 1 - ranges.size;
    for (const [place, { from, upTo }] of ranges) {
      const { feature, cuts } = boosted.features[place];
      const step = (cut: Cut, weight: number) => {
        for (const { bin, share } of binsBetween(inputs[feature].edges, cut.below, cut.above)) {
          kernel[(rowOf[feature] + bin) * units + unit] += weight * share;
        }
      };
      if (from > 0) step(cuts[from - 1], 1);
      else bias[unit] += 1;
      if (upTo < cuts.length) step(cuts[upTo], -1);
    }
  });
  const second = new Float32Array(units * 2);
  leaves.forEach(({ value }, unit) => second.set([value, -value], unit * 2));
  return [
    { kernel, bias, units, activation: "relu" },
    { kernel: second, bias: Float32Array.of(boosted.bias, -boosted.bias), units: 2, activation: "relu" },
    { kernel: Float32Array.of(1, -1), bias: new Float32Array(1), units: 1, activation: "sigmoid" },
  ];

  function leavesOf(root: Tree): LeafPath[] {
    const found: LeafPath[] = [];
    const visit = (tree: Tree, ranges: ReadonlyMap<number, Range>): void => {
      if (!("feature" in tree)) {
        found.push({ value: tree.value, ranges });
        return;
      }
      const { feature, bin } = tree;
      const whole = ranges.get(feature) ?? { from: 0, upTo: boosted.features[feature].cuts.length };
      visit(tree.below, new Map(ranges).set(feature, { ...whole, upTo: bin }));
      visit(tree.above, new Map(ranges).set(feature, { ...whole, from: bin + 1 }));
    };
    visit(root, new Map());
    return found;
  }
}
