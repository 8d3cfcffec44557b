import { expect } from "expect";
import { Random } from "../../src/core/random.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { type DenseLayer, Network } from "../../src/fraud/model/network.ts";
import { besideMembers, joinMembers, linearMember, wholeFeatures } from "./join_members.ts";

const INPUTS: readonly InputSpec[] = [
  { feature: "flag", edges: [0, 1], median: 0 },
  { feature: "amount", edges: [-2, 0, 0.5, 3, 100], median: 0.7 },
  { feature: "constant", edges: [], median: 4 },
  { feature: "count", edges: [0, 1, 8], median: 0 },
];
const WIDTH = 1 + 4 + 0 + 2;

function randomMember(random: Random, hidden: readonly [number, number]): DenseLayer[] {
  const widths = [WIDTH, ...hidden, 1];
  return widths.slice(1).map((units, l) => ({
    kernel: Float32Array.from({ length: widths[l] * units }, () => random.normal()),
    bias: Float32Array.from({ length: units }, () => random.normal()),
    units,
    activation: l === 2 ? "sigmoid" : "relu",
  }));
}

const randomVector = (random: Random) =>
  Float64Array.of(random.integer(0, 1), random.normal() * 10, 4, random.between(-1, 10));

Deno.test("joinMembers() gives the weighted mean of its members' logits, whatever their widths", () => {
  const random = new Random(4);
  const members = [
    { layers: randomMember(random, [5, 3]), weight: 0.5 },
    { layers: randomMember(random, [8, 4]), weight: 0.3 },
    { layers: randomMember(random, [2, 2]), weight: 0.2 },
  ];
  const joined = new Network(INPUTS, joinMembers(members));
  const alone = members.map(({ layers, weight }) => ({ network: new Network(INPUTS, layers), weight }));
  for (let i = 0; i < 500; i++) {
    const vector = randomVector(random);
    const mean = alone.reduce((sum, { network, weight }) => sum + weight * network.logit(vector), 0);
    expect(Math.abs(joined.logit(vector) - mean)).toBeLessThan(1e-5);
  }
});

Deno.test("besideMembers() says what joint and single networks say, to the bit", () => {
  const random = new Random(6);
  const networks = [randomMember(random, [5, 3]), randomMember(random, [5, 3])];
  const linear = randomMember(random, [2, 2]);
  const joined = joinMembers([...networks, linear].map((layers) => ({ layers, weight: 1 / 3 })));
  const beside = new Network(INPUTS, besideMembers(joined, networks), 3);
  const each = [joined, ...networks].map((layers) => new Network(INPUTS, layers));
  for (let i = 0; i < 200; i++) {
    const vector = randomVector(random);
    expect([...beside.logits(vector)]).toEqual(each.map((network) => network.logit(vector)));
  }
});

Deno.test("linearMember() is the regression on whole features, over their bins", () => {
  const random = new Random(5);
  const regression: DenseLayer = {
    kernel: Float32Array.from({ length: 3 }, () => random.normal() * 3),
    bias: Float32Array.of(-1.3),
    units: 1,
    activation: "sigmoid",
  };
  const plain = new Network(wholeFeatures(INPUTS), [regression]);
  const member = new Network(INPUTS, linearMember(regression, INPUTS));
  const signs = new Set<number>();
  for (let i = 0; i < 500; i++) {
    const vector = randomVector(random);
    const logit = plain.logit(vector);
    signs.add(Math.sign(logit));
    expect(Math.abs(member.logit(vector) - logit)).toBeLessThan(1e-5);
  }
  expect(signs.size).toBe(2);
});
