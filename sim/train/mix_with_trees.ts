import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { type DenseLayer, Network } from "../../src/fraud/model/network.ts";
import { joinMembers } from "./join_members.ts";
import { type Check, clearlyBest, type Mixture, scoresOf } from "./mix_with_regression.ts";
import type { BoostedTrees } from "./trees/boost_trees.ts";
import { refineInputs, refineMember } from "./trees/refine_inputs.ts";
import { cutsUsed, treesMember } from "./trees/trees_member.ts";

export interface MixtureWithTrees {
  /** The mixture's edges and the trees' cuts. */
  readonly inputs: readonly InputSpec[];
  readonly layers: DenseLayer[];
  /** How much the trees count; the rest is what networks and regression were mixed to. */
  readonly treeShare: number;
}

/** The first is what stays when validation does not tell them apart. */
const TREE_SHARES = [1 / 3, 1 / 2, 2 / 3, 0] as const;

/**
 * A third of trees, unless another share is better on the rows to choose by, by more than a standard error. Trees and networks err in different
 * places, so some of either is nearly always better than one alone; where networks are much the better, half of trees
 * is already too many (README.md).
 */
export function mixWithTrees(
  mixture: Mixture,
  boosted: BoostedTrees,
  check: Check,
  inputs: readonly InputSpec[],
): MixtureWithTrees {
  const finer = refineInputs(inputs, cutsUsed(boosted));
  const trees = treesMember(boosted, finer);
  const scores = scoresOf(new Network(inputs, mixture.layers), check.rows);
  const treeScores = scoresOf(new Network(finer, trees), check.rows);
  const mixed = TREE_SHARES.map((share) =>
    scores.map((score, row) => (1 - share) * score + share * treeScores[row])
  );
  const treeShare = TREE_SHARES[clearlyBest(mixed, check)];
  // Trees that count nothing are not carried along.
  if (treeShare === 0) return { inputs, layers: mixture.layers, treeShare };
  const layers = joinMembers([
    { layers: refineMember(mixture.layers, inputs, finer), weight: 1 - treeShare },
    { layers: trees, weight: treeShare },
  ]);
  return { inputs: finer, layers, treeShare };
}
