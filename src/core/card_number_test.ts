import { expect } from "expect";
import { refuseCardNumber } from "./card_number.ts";

Deno.test("refuseCardNumber() refuses a whole card number, however it is written, and nothing that only looks like one", () => {
  const cases: [text: string, isRefused: boolean][] = [
    ["4111111111111111", true],
    ["card 4111 1111 1111 1111 cvv 123", true],
    ["3782-822463-10005", true],
    ["6011000990139424.", true],
    ["no: 4222222222222;", true],
    ["4111111111111112", false],
    ["ends in 1111", false],
    ["1767614400000", false],
    ["order 41111111111111111111111", false],
    ["Order 1042, 2026-01-05 12:00", false],
  ];
  for (const [text, isRefused] of cases) {
    const check = () => refuseCardNumber("description", text);
    if (!isRefused) check();
    else {expect(check).toThrow(
        expect.objectContaining({ code: "card_number_in_text", field: "description" }),
      );}
  }
  // Nor is it said again.
  expect(() => refuseCardNumber("memo", "4111111111111111")).not.toThrow(/4111/);
});
