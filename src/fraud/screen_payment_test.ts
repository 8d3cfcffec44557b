import { expect } from "expect";
import { type DeclineExploration, declineExploration } from "./explore_declines.ts";
import { FEATURE_INDEX, FEATURES } from "./features/catalogue.ts";
import { type FraudModelPort, type ScreenOptions, screenPayment } from "./screen_payment.ts";

const SECRET = new TextEncoder().encode("a secret that the test fixes");
const PAYMENTS = 20_000;

const modelOf = (riskScore: number): FraudModelPort => ({
  modelVersion: "test",
  score: () => ({ probability: riskScore / 100, riskScore }),
  explain: () => [],
});
const idOf = (i: number) => `pay_${String(i).padStart(26, "0")}`;
const harmless = () => new Float64Array(FEATURES.length);
const burst = () => {
  const vector = harmless();
  vector[FEATURE_INDEX.card_count_10m] = 20;
  return vector;
};

function screen(
  riskScore: number,
  by: DeclineExploration | null,
  { vector = harmless(), paymentId = idOf(0), ...options }:
    & Partial<ScreenOptions>
    & { vector?: Float64Array; paymentId?: string } = {},
) {
  return screenPayment(vector, modelOf(riskScore), {
    isTestMethod: false,
    stepUpAt: 62,
    exploration: by && { by, paymentId },
    ...options,
  });
}

Deno.test("of what the model would decline a share is approved, near enough what was asked for, and always the same ones", () => {
  for (const share of [0.02, 0.1, 0.5]) {
    const by = declineExploration(share, SECRET)!;
    const drawn = new Set<string>();
    for (let i = 0; i < PAYMENTS; i++) {
      const { decision, decidedBy, propensity } = screen(80, by, { paymentId: idOf(i) });
      expect(propensity).toBe(share);
      expect(decidedBy).toBe(decision === "approve" ? "exploration" : "model");
      if (decision === "approve") drawn.add(idOf(i));
    }
    // Within four standard deviations of a binomial count; the secret is fixed, so this is no matter of luck.
    const deviation = Math.sqrt(PAYMENTS * share * (1 - share));
    expect(Math.abs(drawn.size - share * PAYMENTS)).toBeLessThan(4 * deviation);
    const again = declineExploration(share, SECRET)!;
    expect(Array.from({ length: PAYMENTS }, (_, i) => idOf(i)).filter((id) => again.isDrawn(id))).toEqual([
      ...drawn,
    ]);
    // Another secret draws others: of those drawn here it draws about the same share again.
    const other = declineExploration(share, new TextEncoder().encode("another secret"))!;
    const both = [...drawn].filter((id) => other.isDrawn(id)).length;
    expect(Math.abs(both - share * drawn.size)).toBeLessThan(
      4 * Math.sqrt(drawn.size * share * (1 - share)) + 1,
    );
  }
});

Deno.test("a share of 0 explores nothing, of 1 everything", () => {
  expect(declineExploration(0, SECRET)).toBe(null);
  const all = declineExploration(1, SECRET)!;
  for (let i = 0; i < 1_000; i++) expect(all.isDrawn(idOf(i))).toBe(true);
});

Deno.test("chance decides about the model's declines alone", () => {
  const all = declineExploration(1, SECRET);
  const half = declineExploration(0.5, SECRET);
  const unasked: DeclineExploration = {
    share: 0.5,
    isDrawn: () => {
      throw new Error("Nothing is to be drawn here");
    },
  };
  const cases: [string, ReturnType<typeof screen>, Partial<ReturnType<typeof screen>>][] = [
    ["declined, no exploration", screen(80, null), {
      decision: "decline",
      decidedBy: "model",
      propensity: 0,
    }],
    ["declined, drawn", screen(80, all), {
      decision: "approve",
      decidedBy: "exploration",
      propensity: 1,
      score: 80,
    }],
    ["a hard rule", screen(5, unasked, { vector: burst() }), {
      decision: "decline",
      decidedBy: "rule",
      propensity: 0,
    }],
    ["rule and model", screen(99, unasked, { vector: burst() }), {
      decision: "decline",
      decidedBy: "rule",
      propensity: 0,
    }],
    ["a test payment method", screen(99, unasked, { isTestMethod: true }), {
      decision: "approve",
      decidedBy: "test_payment_method",
      propensity: 1,
    }],
    ["harmless", screen(5, unasked), { decision: "approve", decidedBy: "model", propensity: 1 }],
    ["challenged", screen(70, unasked), { decision: "step_up", decidedBy: "model", propensity: 1 }],
  ];
  for (const [what, found, expected] of cases) {
    expect({ what, ...found }).toMatchObject({ what, ...expected });
  }
  const drawn = Array.from({ length: 200 }, (_, i) => screen(75, half, { paymentId: idOf(i) }).decision);
  expect(new Set(drawn)).toEqual(new Set(["approve", "decline"]));
});
