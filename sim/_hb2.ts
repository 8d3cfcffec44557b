import { handbookSource } from "./handbook/handbook_source.ts";
import { DEFAULT_HANDBOOK, handbookWorld } from "./handbook/handbook_world.ts";
import { streamFeatures } from "./train/stream_features.ts";
import { rowsOf, sampleRows } from "./train/sample_rows.ts";
import { fitInputs } from "./train/fit_inputs.ts";
import { trainEnsemble } from "./train/train_ensemble.ts";
import { averagePrecision } from "./train/metrics.ts";
import { joinMembers } from "./train/join_members.ts";
import { Network } from "../src/fraud/model/network.ts";
import { BookRegression, handbookFold, handbookTestRows } from "./bench/handbook_protocol.ts";
const T = () => performance.now() / 1000;
let t = T();
const P = streamFeatures(handbookSource(DEFAULT_HANDBOOK));
const book = new BookRegression(P, handbookWorld(DEFAULT_HANDBOOK));
const ap = (s: Float64Array, test: Uint32Array) =>
  averagePrecision(s, Uint8Array.from(test, (r) => P.fraud(r)));
const bk = [], orc: number[] = [];
for (let f = 0; f < 4; f++) {
  const test = handbookTestRows(P, DEFAULT_HANDBOOK.startMs, f);
  const fold = handbookFold(DEFAULT_HANDBOOK.startMs, f, 7);
  bk.push(
    ap(
      book.contender(fold, { madeAtMs: fold.madeAtMs, validation: rowsOf(P, fold.validation), test }).test,
      test,
    ),
  );
  orc.push(ap(Float64Array.from(test, (r) => P.posterior(r)), test));
}
console.log(
  "book LR",
  bk,
  "mean",
  bk.reduce((a, b) => a + b) / 4,
  "oracle",
  orc,
  orc.reduce((a, b) => a + b) / 4,
);
for (
  const [rows, o] of [
    [80000, { hiddenUnits: [32, 16], mostEpochs: 10, learningRate: 0.002, weightDecay: 2e-4 }],
    [80000, { hiddenUnits: [32, 16], mostEpochs: 10, learningRate: 0.003, weightDecay: 5e-5 }],
    [80000, { hiddenUnits: [64, 32], mostEpochs: 10, learningRate: 0.002, weightDecay: 5e-5 }],
    [200000, { hiddenUnits: [32, 16], mostEpochs: 10, learningRate: 0.002, weightDecay: 1e-4 }],
  ] as any
) {
  for (const f of [1, 3]) {
    const fold = handbookFold(DEFAULT_HANDBOOK.startMs, f, 91),
      test = handbookTestRows(P, DEFAULT_HANDBOOK.startMs, f);
    const tr = sampleRows(P, rowsOf(P, fold.train), fold.madeAtMs, rows, 1, false).rows,
      val = sampleRows(P, rowsOf(P, fold.validation), fold.madeAtMs, 25000, 1, true).rows;
    t = T();
    const inputs = fitInputs(tr);
    const e = await trainEnsemble(tr, val, inputs, { seeds: [1, 2, 3], label: "x", ...o });
    const n = new Network(inputs, joinMembers(e.members.map((layers) => ({ layers, weight: 1 / 3 }))));
    const a = ap(Float64Array.from(test, (r) => n.logit(P.vector(r))), test);
    console.log(
      rows,
      JSON.stringify(o),
      "fold",
      f,
      "ens",
      a.toFixed(4),
      (a / orc[f]).toFixed(4),
      "one",
      e.members.map((m) => {
        const k = new Network(inputs, m);
        return ap(Float64Array.from(test, (r) => k.logit(P.vector(r))), test).toFixed(3);
      }).join(" "),
      "val",
      e.curves[0].validationAveragePrecision.map((v) => v.toFixed(3)).join(" "),
      (T() - t).toFixed(1) + "s",
    );
  }
}
