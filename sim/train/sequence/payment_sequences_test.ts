import { expect } from "expect";
import { Random } from "../../../src/core/random.ts";
import { DAY_MS } from "../../../src/fraud/features/windows.ts";
import { fitInputs } from "../fit_inputs.ts";
import type { LabelledPayment, PaymentSource } from "../labelled_payment.ts";
import type { LabelledPayments } from "../labelled_payments.ts";
import { streamFeatures } from "../stream_features.ts";
import { SampledRows } from "../weighted_rows.ts";
import { worldSource } from "../world_source.ts";
import { GruScorer } from "./gru_scorer.ts";
import { PaymentSequences, shapeOf, STEP_WIDTH, STEPS } from "./payment_sequences.ts";
import { sequenceLogits } from "./sequence_logits.ts";

const START_MS = Date.UTC(2026, 0, 5);
const CUT_MS = START_MS + 12 * DAY_MS;
const WORLD = worldSource({ seed: 5, days: 20, customers: 150, startMs: START_MS });
const PRESENCE = STEP_WIDTH - 2;
const AGE = STEP_WIDTH - 1;

function stream(
  change: (payments: Iterable<LabelledPayment>) => Iterable<LabelledPayment>,
): LabelledPayments {
  const source: PaymentSource = { ...WORLD, payments: () => change(WORLD.payments()) };
  return streamFeatures(source);
}

function sequences(payments: LabelledPayments, rows: Uint32Array, inputs: ReturnType<typeof fitInputs>) {
  const sequences = new PaymentSequences(payments, rows, inputs, new Uint8Array(0), new Float32Array(0));
  return Array.from(rows, (_, row) => {
    const out = new Float32Array(STEPS * STEP_WIDTH);
    for (let step = 0; step < STEPS; step++) sequences.writeStep(row, step, out, step * STEP_WIDTH);
    return out;
  });
}

Deno.test("what comes later changes no sequence: neither later payments nor labels that were not known yet", () => {
  const whole = stream((payments) => payments);
  const rows = Uint32Array.from({ length: whole.rowAt(CUT_MS) }, (_, row) => row);
  expect(rows.length).toBeGreaterThan(1_000);
  expect(whole.length).toBeGreaterThan(rows.length + 500);
  const inputs = fitInputs(new SampledRows(whole, rows, CUT_MS));
  const expected = sequences(whole, rows, inputs);

  const truncated = stream(function* (payments) {
    for (const payment of payments) if (payment.event.occurredAtMs < CUT_MS) yield payment;
  });
  expect(truncated.length).toBe(rows.length);
  expect(sequences(truncated, rows, inputs)).toEqual(expected);

  let flipped = 0;
  const relabelled = stream(function* (payments) {
    for (const payment of payments) {
      const { label } = payment;
      if (label === null || label.knownAtMs < CUT_MS) yield payment;
      else yield { ...payment, label: { ...label, fraud: !label.fraud }, fraud: (flipped++, !payment.fraud) };
    }
  });
  expect(flipped).toBeGreaterThan(5);
  expect(sequences(relabelled, rows, inputs)).toEqual(expected);
});

Deno.test("a sequence ends with the payment itself and has its customer's earlier ones in their order", () => {
  const payments = stream((its) => its);
  const rows = Uint32Array.from({ length: payments.length }, (_, row) => row);
  const inputs = fitInputs(new SampledRows(payments, rows, CUT_MS));
  const seen = new Map<number, number>();
  const all = sequences(payments, rows, inputs);
  let long = 0;
  for (const row of rows) {
    const customer = payments.customer(row);
    const before = seen.get(customer) ?? 0;
    seen.set(customer, before + 1);
    const ages: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      const isThere = all[row][step * STEP_WIDTH + PRESENCE] === 1;
      expect(isThere).toBe(STEPS - 1 - step <= before);
      if (isThere) ages.push(all[row][step * STEP_WIDTH + AGE]);
      else {expect(all[row].subarray(step * STEP_WIDTH, (step + 1) * STEP_WIDTH)).toEqual(
          new Float32Array(STEP_WIDTH),
        );}
    }
    expect(ages).toEqual(ages.toSorted((a, b) => b - a));
    expect(ages.at(-1)).toBe(0);
    if (before >= STEPS) long++;
    const previous = payments.previousOfCustomer(row);
    if (previous === null) expect(before).toBe(0);
    else {
      // The step before the last is the last step of the payment before, but for its age.
      const own = (step: number) => all[row].slice(step * STEP_WIDTH, step * STEP_WIDTH + PRESENCE);
      expect(own(STEPS - 2)).toEqual(
        all[previous].slice((STEPS - 1) * STEP_WIDTH, (STEPS - 1) * STEP_WIDTH + PRESENCE),
      );
    }
  }
  expect(long).toBeGreaterThan(500);
});

Deno.test("sequenceLogits() projects a payment once, and gives what each row's whole sequence gives, to the bit", () => {
  const payments = stream((its) => its);
  const all = Uint32Array.from({ length: payments.length }, (_, row) => row);
  const inputs = fitInputs(new SampledRows(payments, all, CUT_MS));
  const shape = shapeOf(inputs, { units: 4, denseUnits: 5, joinUnits: 3 });
  const random = new Random(8);
  const drawn = (length: number) => Float32Array.from({ length }, () => random.normal() * 0.3);
  const scorer = new GruScorer({
    shape,
    kernel: drawn(STEP_WIDTH * 12),
    recurrentKernel: drawn(4 * 12),
    bias: drawn(12),
    denseKernel: drawn(shape.width * 5),
    denseBias: drawn(5),
    joinKernel: drawn(9 * 3),
    joinBias: drawn(3),
    outKernel: drawn(3),
    outBias: drawn(1),
  });
  // All rows, and so few that the payments of their steps take each other's places.
  for (const rows of [all, all.filter((row) => row % 97 === 0)]) {
    const its = new PaymentSequences(payments, rows, inputs, new Uint8Array(0), new Float32Array(0));
    const own = new Float32Array(shape.width);
    const whole = Float64Array.from(sequences(payments, rows, inputs), (sequence, row) => {
      its.writeInputs(row, own, 0);
      return scorer.logit(own, sequence);
    });
    expect(sequenceLogits(scorer, shape, its)).toEqual(whole);
  }
});
