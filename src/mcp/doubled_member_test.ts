import { expect } from "expect";
import fc from "fast-check";
import { DoubledMember } from "./doubled_member.ts";
import { parseMessage } from "./parse_message.ts";

Deno.test("parseMessage() refuses a member given twice in one object, and nothing else", () => {
  const doubled: [text: string, member: string][] = [
    ['{"amount":10,"amount":20}', "amount"],
    ['{"a":{"b":[{"c":1,"d":2,"c":3}]}}', "c"],
    ['{"amount":1,"am\\u006funt":2}', "amount"],
    ['{"__proto__":1,"__proto__":2}', "__proto__"],
    ['{"":1,"":1}', ""],
  ];
  for (const [text, member] of doubled) {
    expect(() => parseMessage(text)).toThrow(expect.objectContaining({ name: "DoubledMember", member }));
  }
  for (
    const text of [
      '{"a":1,"b":{"a":1}}',
      '[{"a":1},{"a":1}]',
      '{"a":"b\\":","c":":"}',
      '"a:b"',
      '{"__proto__":1}',
    ]
  ) {
    expect(parseMessage(text)).toEqual(JSON.parse(text));
  }
});

Deno.test("parseMessage() takes whatever JSON.stringify() writes", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
    expect(JSON.stringify(parseMessage(JSON.stringify(value)))).toBe(
      JSON.stringify(JSON.parse(JSON.stringify(value))),
    );
  }));
  expect(() => parseMessage("{")).toThrow(SyntaxError);
  expect(() => parseMessage("{")).not.toThrow(DoubledMember);
});
