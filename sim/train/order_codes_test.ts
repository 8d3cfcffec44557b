import { expect } from "expect";
import { OTHER_CODE } from "../../src/fraud/model/category_order.ts";
import { commonestCode, orderCodes } from "./order_codes.ts";

/** Rows of codes: how many, how many of them fraud. */
function rowsOf(parts: readonly (readonly [code: number, rows: number, frauds: number])[]) {
  const all = parts.flatMap(([code, rows, frauds]) =>
    Array.from({ length: rows }, (_, i) => ({ code, fraud: i < frauds ? 1 : 0 }))
  );
  return {
    values: Float64Array.from(all, ({ code }) => code),
    label: Uint8Array.from(all, ({ fraud }) => fraud),
    weight: new Float32Array(all.length).fill(1),
  };
}

Deno.test("orderCodes() orders by the share of fraud, drawn to the average; rare codes are left to the others' place", () => {
  const { values, label, weight } = rowsOf([
    [900, 1_000, 1],
    [5, 1_000, 60],
    [70, 500, 5],
    // All fraud, and too few to say so.
    [8, 19, 19],
    // One of 20 is more than the average of some 3%, but for what a prior of ten payments leaves of it.
    [3, 20, 1],
  ]);
  expect(orderCodes(values, label, weight)).toEqual([900, 70, OTHER_CODE, 3, 5]);
});

Deno.test("orderCodes() takes a row for as many payments as it stands for", () => {
  const { values, label } = rowsOf([[1, 100, 40], [2, 100, 50]]);
  // The genuine rows of code 2 stand for ten payments each.
  const weight = Float32Array.from(values, (code, row) => code === 2 && label[row] === 0 ? 10 : 1);
  expect(orderCodes(values, label, weight)).toEqual([2, OTHER_CODE, 1]);
});

Deno.test("orderCodes() keeps the 200 commonest codes, and needs no rows at all", () => {
  const many = rowsOf(
    Array.from({ length: 300 }, (_, i) => [i + 1, 20 + i, i % 2 === 0 ? 0 : 10 + i / 2] as const),
  );
  const codes = orderCodes(many.values, many.label, many.weight);
  expect(codes.length).toBe(201);
  expect(codes.filter((code) => code !== OTHER_CODE).every((code) => code > 100)).toBe(true);
  expect(orderCodes(new Float64Array(), new Uint8Array(), new Float32Array())).toEqual([OTHER_CODE]);
});

Deno.test("commonestCode() counts payments and not rows", () => {
  expect(commonestCode(Float64Array.of(4, 4, 9), Float32Array.of(1, 1, 1))).toBe(4);
  expect(commonestCode(Float64Array.of(4, 4, 9), Float32Array.of(1, 1, 3))).toBe(9);
  expect(commonestCode(Float64Array.of(9, 4), Float32Array.of(1, 1))).toBe(4);
});

Deno.test("orderCodes() believes frauds of large affairs less", () => {
  const { values, label, weight } = rowsOf([[1, 1_000, 0], [2, 100, 8], [3, 40, 4]]);
  expect(orderCodes(values, label, weight)).toEqual([1, OTHER_CODE, 2, 3]);
  // Four frauds of one affair in forty payments say less than eight in a hundred.
  expect(orderCodes(values, label, weight, 10)).toEqual([1, OTHER_CODE, 3, 2]);
});
