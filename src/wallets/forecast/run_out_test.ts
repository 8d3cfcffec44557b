import { expect } from "expect";
import { Random } from "../../core/random.ts";
import { adviseTopUp } from "./top_up_advice.ts";
import { forecastRunOut } from "./run_out.ts";

/** A spender: some purchases a day, more at weekends, heavy-tailed, and an allowance on some Mondays. */
function spender(random: Random): (day: number) => number {
  const rate = random.between(0.4, 2);
  const size = random.between(6, 8);
  const weekend = random.between(1, 2.5);
  const allowance = random.chance(0.5) ? random.between(0, 0.5) * rate * Math.exp(size) * 7 : 0;
  return (day) => {
    let net = day % 7 === 0 ? allowance : 0;
    for (let i = random.poisson(day % 7 >= 5 ? rate * weekend : rate); i > 0; i--) {
      net -= random.logNormal(size, 0.8);
    }
    return Math.round(net);
  };
}

Deno.test("forecastRunOut()'s 80% interval covers the true day in about 80 of 100 simulated lives", () => {
  const lives = 400;
  let covered = 0;
  let early = 0;
  let late = 0;
  for (let life = 0; life < lives; life++) {
    const random = new Random(1_000 + life);
    const spend = spender(random);
    const days = random.integer(30, 90);
    const history = Array.from({ length: days }, (_, day) => spend(day));
    const dayMean = -history.reduce((sum, net) => sum + net, 0) / days;
    if (dayMean <= 0) continue;
    const balance = dayMean * random.between(8, 45);
    const forecast = forecastRunOut(balance, history, life);
    if (forecast.basis !== "forecast") throw new Error(forecast.missing);
    let left = balance;
    let truth = 0;
    while (left > 0 && truth < 365) left += spend(days + truth++);
    if (truth < forecast.lowDays!) early++;
    else if (forecast.highDays !== null && truth > forecast.highDays) late++;
    else covered++;
  }
  const share = covered / (covered + early + late);
  console.log(
    `covered ${(100 * share).toFixed(1)}% of ${covered + early + late}, early ${early}, late ${late}`,
  );
  expect(share).toBeGreaterThan(0.74);
  expect(share).toBeLessThan(0.9);
});

Deno.test("forecastRunOut() says what is missing instead of guessing", () => {
  expect(forecastRunOut(100, Array(20).fill(-1), 1)).toEqual({
    basis: "insufficient_data",
    sampleDays: 20,
    missing: "1 more days of history: a forecast needs 21.",
  });
  expect(forecastRunOut(100, [...Array(40).fill(0), -5], 1)).toMatchObject({
    basis: "insufficient_data",
    missing: "7 more days with spending: a forecast needs 8.",
  });
});

Deno.test("forecastRunOut() is exact where nothing is uncertain, and the same for the same seed", () => {
  expect(forecastRunOut(1_000, Array(30).fill(-100), 7)).toMatchObject({
    probability: 1,
    medianDays: 10,
    lowDays: 10,
    highDays: 10,
  });
  const history = Array.from({ length: 60 }, (_, day) => day % 3 === 0 ? -500 : 30);
  expect(forecastRunOut(9_000, history, 3)).toEqual(forecastRunOut(9_000, history, 3));
  const saver = forecastRunOut(9_000, history.map((net) => net + 400), 3);
  expect(saver).toMatchObject({ medianDays: null, highDays: null });
  expect(adviseTopUp(history.map((net) => net + 400), saver, 500, 3)).toBe(null);
});

Deno.test("adviseTopUp() tops up before the early end, by what a month costs, rounded up", () => {
  const history = Array(30).fill(-100);
  expect(adviseTopUp(history, forecastRunOut(1_000, history, 7), 500, 7)).toEqual({
    inDays: 9,
    amountMinor: 3_000,
    monthMedianMinor: 3_000,
    monthHighMinor: 3_000,
  });
});

Deno.test("a month's advised amount lasts the month in about nine of ten simulated lives", () => {
  let lasted = 0;
  let counted = 0;
  for (let life = 0; life < 300; life++) {
    const random = new Random(5_000 + life);
    const spend = spender(random);
    const history = Array.from({ length: 75 }, (_, day) => spend(day));
    const advice = adviseTopUp(history, forecastRunOut(50_000, history, life), 1, life);
    if (advice === null) continue;
    counted++;
    let month = 0;
    for (let day = 0; day < 30; day++) month -= spend(75 + day);
    if (month <= advice.amountMinor) lasted++;
  }
  console.log(`lasted in ${(100 * lasted / counted).toFixed(1)}% of ${counted}`);
  expect(lasted / counted).toBeGreaterThan(0.83);
});
