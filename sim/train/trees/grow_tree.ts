import { type BinnedFeature, MOST_BINS } from "./binned_features.ts";

export interface Leaf {
  /** What it adds to the logit. */
  value: number;
}

export interface Split {
  /** Place among the features that were grown from, not in the vector. */
  readonly feature: number;
  /** Bins up to this one go below. */
  readonly bin: number;
  readonly below: Tree;
  readonly above: Tree;
}

export type Tree = Leaf | Split;

export interface TreeOptions {
  readonly mostLeaves: number;
  /** Of each leaf. */
  readonly leastRows: number;
  /** On the square of a leaf's value, halved. */
  readonly ridge: number;
}

/** Of the loss, by row, at the logit so far. */
export interface Slopes {
  readonly gradient: Float64Array;
  readonly curvature: Float64Array;
}

/** A leaf that may still be split. */
interface Growing {
  /** Its rows, from `from` to below `until` in the order. */
  readonly from: number;
  readonly until: number;
  /** By feature and bin: gradient, curvature, rows. */
  readonly sums: Float64Array;
  readonly best: BestSplit;
  /** Puts a tree in this leaf's place. */
  readonly replace: (tree: Tree) => void;
}

interface BestSplit {
  readonly gain: number;
  readonly place: number;
  readonly bin: number;
}

const PER_BIN = 3;
const PER_FEATURE = MOST_BINS * PER_BIN;
const LEAST_GAIN = 1e-9;

/**
 * A regression tree on the loss's second order, Newton's step in each leaf, the leaf that gains most split first.
 * `features` are places in `binned`; `rows` is brought into the order of the leaves.
 */
export function growTree(
  binned: readonly BinnedFeature[],
  features: readonly number[],
  rows: Uint32Array,
  slopes: Slopes,
  options: TreeOptions,
): Tree {
  const scratch = new Uint32Array(rows.length);
  let root: Tree | undefined;
  const leaf = (from: number, until: number, sums: Float64Array, replace: (tree: Tree) => void): Growing => {
    const total = totalOf(sums);
    replace({ value: total.curvature > 0 ? -total.gradient / (total.curvature + options.ridge) : 0 });
    return { from, until, sums, best: bestSplit(binned, features, sums, total, options), replace };
  };
  const leaves = [
    leaf(0, rows.length, sumsOf(binned, features, rows, slopes), (tree) => root = tree),
  ];
  while (leaves.length < options.mostLeaves) {
    const next = leaves.reduce((best, other) => other.best.gain > best.best.gain ? other : best);
    if (next.best.gain < LEAST_GAIN) break;
    const { from, until, best: { place, bin }, sums } = next;
    const feature = features[place];
    const middle = part(rows, from, until, binned[feature].bins, bin, scratch);
    // The smaller side is summed, the larger is what remains.
    const belowIsSmaller = middle - from < until - middle;
    const smaller = sumsOf(
      binned,
      features,
      belowIsSmaller ? rows.subarray(from, middle) : rows.subarray(middle, until),
      slopes,
    );
    for (let i = 0; i < sums.length; i++) sums[i] -= smaller[i];
    const split = { feature, bin, below: { value: 0 } as Tree, above: { value: 0 } as Tree };
    next.replace(split);
    leaves.splice(
      leaves.indexOf(next),
      1,
      leaf(from, middle, belowIsSmaller ? smaller : sums, (tree) => split.below = tree),
      leaf(middle, until, belowIsSmaller ? sums : smaller, (tree) => split.above = tree),
    );
  }
  return root!;
}

/** What the tree gives a row of these bins. */
export function valueOf(tree: Tree, binned: readonly { readonly bins: Uint8Array }[], row: number): number {
  while ("feature" in tree) tree = binned[tree.feature].bins[row] <= tree.bin ? tree.below : tree.above;
  return tree.value;
}

function sumsOf(
  binned: readonly BinnedFeature[],
  features: readonly number[],
  rows: Uint32Array,
  { gradient, curvature }: Slopes,
): Float64Array {
  const sums = new Float64Array(features.length * PER_FEATURE);
  // In the order of the rows, so that every feature's pass reads them one after the other.
  const [g, h] = [new Float64Array(rows.length), new Float64Array(rows.length)];
  for (let i = 0; i < rows.length; i++) [g[i], h[i]] = [gradient[rows[i]], curvature[rows[i]]];
  for (let place = 0; place < features.length; place++) {
    const { bins } = binned[features[place]];
    const base = place * PER_FEATURE;
    for (let i = 0; i < rows.length; i++) {
      const at = base + bins[rows[i]] * PER_BIN;
      sums[at] += g[i];
      sums[at + 1] += h[i];
      sums[at + 2]++;
    }
  }
  return sums;
}

interface Total {
  readonly gradient: number;
  readonly curvature: number;
  readonly rows: number;
}

/** Of all rows: the bins of any one feature together. */
function totalOf(sums: Float64Array): Total {
  let [gradient, curvature, rows] = [0, 0, 0];
  for (let at = 0; at < Math.min(PER_FEATURE, sums.length); at += PER_BIN) {
    gradient += sums[at];
    curvature += sums[at + 1];
    rows += sums[at + 2];
  }
  return { gradient, curvature, rows };
}

function bestSplit(
  binned: readonly BinnedFeature[],
  features: readonly number[],
  sums: Float64Array,
  total: Total,
  { leastRows, ridge }: TreeOptions,
): BestSplit {
  const gainOf = (gradient: number, curvature: number) => gradient * gradient / (curvature + ridge);
  const whole = gainOf(total.gradient, total.curvature);
  let best = { gain: 0, place: 0, bin: 0 };
  for (let place = 0; place < features.length; place++) {
    let [gradient, curvature, rows] = [0, 0, 0];
    for (let bin = 0; bin < binned[features[place]].cuts.length; bin++) {
      const at = place * PER_FEATURE + bin * PER_BIN;
      gradient += sums[at];
      curvature += sums[at + 1];
      rows += sums[at + 2];
      if (rows < leastRows) continue;
      if (total.rows - rows < leastRows) break;
      const gain = gainOf(gradient, curvature) +
        gainOf(total.gradient - gradient, total.curvature - curvature) - whole;
      if (gain > best.gain) best = { gain, place, bin };
    }
  }
  return best;
}

/** Brings the rows of bins up to `bin` to the front, each side in its old order, and returns where the others begin. */
function part(
  rows: Uint32Array,
  from: number,
  until: number,
  bins: Uint8Array,
  bin: number,
  scratch: Uint32Array,
): number {
  let [below, above] = [from, 0];
  for (let i = from; i < until; i++) {
    const row = rows[i];
    if (bins[row] <= bin) rows[below++] = row;
    else scratch[above++] = row;
  }
  rows.set(scratch.subarray(0, above), below);
  return below;
}
