import { expect } from "expect";
import { ERROR_CATALOGUE } from "../core/errors.ts";
import type { Sql } from "../db/pool.ts";
import {
  callText,
  callTool,
  errorOf,
  post,
  serveLab,
  type ToolError,
  type ToolResult,
} from "../http/testing/serve_lab.ts";

/** Members of a good call as JSON texts, so that a case decides every byte of one. */
const GOOD: Readonly<Record<string, string>> = {
  amount: "100.00",
  currency: '"USD"',
  method: '"card"',
  customer_id: '"cust_123"',
  payment_method_id: '"pm_card_visa"',
};
const quoted = (text: string) => JSON.stringify(text);
const times = (text: string, count: number) => quoted(text.repeat(count));
const entries = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, "v"])));

/** Each member replaces, or with null removes, one of the good call's. */
type Change = Record<string, string | null>;

const CASES: [Change, string, string | undefined][] = [
  // change                                             code                       field
  [{ amount: "1e309" }, "amount_too_large", "amount"],
  [{ amount: "-1e309" }, "amount_too_large", "amount"],
  [{ amount: "-0" }, "invalid_amount", "amount"],
  [{ amount: "-0.0" }, "invalid_amount", "amount"],
  [{ amount: "0" }, "invalid_amount", "amount"],
  [{ amount: "0.00" }, "invalid_amount", "amount"],
  [{ amount: "-1" }, "invalid_amount", "amount"],
  [{ amount: "9007199254740993" }, "amount_too_large", "amount"],
  [{ amount: "9007199254740991" }, "amount_too_large", "amount"],
  [{ amount: "10000000000" }, "amount_too_large", "amount"],
  [{ amount: "1.005" }, "invalid_amount", "amount"],
  [{ amount: "0.1e-9" }, "invalid_amount", "amount"],
  [{ amount: "5e-324" }, "invalid_amount", "amount"],
  [{ amount: "0.99999999999999999999" }, "invalid_amount", "amount"],
  [{ amount: "1.00000000000000000001" }, "invalid_amount", "amount"],
  [{ amount: '"1.005"' }, "invalid_amount", "amount"],
  [{ amount: '"9007199254740993"' }, "amount_too_large", "amount"],
  [{ amount: '"-0"' }, "invalid_amount", "amount"],
  [{ amount: '"0"' }, "invalid_amount", "amount"],
  [{ amount: '"+1"' }, "invalid_amount", "amount"],
  [{ amount: '"1e2"' }, "invalid_amount", "amount"],
  [{ amount: '"0x10"' }, "invalid_amount", "amount"],
  [{ amount: '"1,000"' }, "invalid_amount", "amount"],
  [{ amount: '"1.000,00"' }, "invalid_amount", "amount"],
  [{ amount: '"１００"' }, "invalid_amount", "amount"],
  [{ amount: '"١٠٠"' }, "invalid_amount", "amount"],
  [{ amount: '"NaN"' }, "invalid_amount", "amount"],
  [{ amount: '"Infinity"' }, "invalid_amount", "amount"],
  [{ amount: '""' }, "invalid_amount", "amount"],
  [{ amount: '" 1"' }, "invalid_amount", "amount"],
  [{ amount: '"1\\n"' }, "invalid_amount", "amount"],
  [{ amount: '"1\\u0000"' }, "invalid_amount", "amount"],
  [{ amount: '"$1"' }, "invalid_amount", "amount"],
  [{ amount: times("9", 1000) }, "amount_too_large", "amount"],
  [{ amount: times("x", 500_000) }, "invalid_amount", "amount"],
  [{ amount: "null" }, "invalid_amount", "amount"],
  [{ amount: "true" }, "invalid_amount", "amount"],
  [{ amount: "[100]" }, "invalid_amount", "amount"],
  [{ amount: "[]" }, "invalid_amount", "amount"],
  [{ amount: '{"value":100}' }, "invalid_amount", "amount"],
  [{ amount: '{"valueOf":100,"toString":"100"}' }, "invalid_amount", "amount"],
  [{ amount: null }, "invalid_arguments", "amount"],
  [{ amount: "10.5", currency: '"JPY"' }, "invalid_amount", "amount"],
  [{ amount: '"10.0"', currency: '"JPY"' }, "invalid_amount", "amount"],
  [{ amount: "1.2345", currency: '"KWD"' }, "invalid_amount", "amount"],
  [{ amount: '"1.2345"', currency: '"KWD"' }, "invalid_amount", "amount"],

  [{ currency: '"XYZ"' }, "unknown_currency", "currency"],
  [{ currency: '"usd"' }, "unknown_currency", "currency"],
  [{ currency: '" USD"' }, "unknown_currency", "currency"],
  [{ currency: '""' }, "unknown_currency", "currency"],
  [{ currency: '"__proto__"' }, "unknown_currency", "currency"],
  [{ currency: '"toString"' }, "unknown_currency", "currency"],
  [{ currency: "840" }, "unknown_currency", "currency"],
  [{ currency: '["USD"]' }, "unknown_currency", "currency"],
  [{ currency: "null" }, "unknown_currency", "currency"],
  [{ currency: null }, "invalid_arguments", "currency"],

  [{ method: '"cash"' }, "invalid_arguments", "method"],
  [{ method: '"Card"' }, "invalid_arguments", "method"],
  [{ method: "null" }, "invalid_arguments", "method"],
  [{ method: null }, "invalid_arguments", "method"],

  [{ customer_id: '"cust_nobody"' }, "unknown_customer", "customer_id"],
  [{ customer_id: '"constructor"' }, "unknown_customer", "customer_id"],
  [{ customer_id: '"CUST_123"' }, "unknown_customer", "customer_id"],
  [{ customer_id: '""' }, "invalid_arguments", "customer_id"],
  [{ customer_id: '"cust_123\\n"' }, "invalid_arguments", "customer_id"],
  [{ customer_id: '"cust_123\' or 1=1 --"' }, "invalid_arguments", "customer_id"],
  [{ customer_id: '"cust_１２３"' }, "invalid_arguments", "customer_id"],
  [{ customer_id: times("c", 129) }, "invalid_arguments", "customer_id"],
  [{ customer_id: "123" }, "invalid_arguments", "customer_id"],
  [{ customer_id: "null" }, "invalid_arguments", "customer_id"],
  [{ customer_id: '{"$ne":null}' }, "invalid_arguments", "customer_id"],
  [{ customer_id: null }, "invalid_arguments", "customer_id"],
  [{ merchant_id: '"merch_nobody"' }, "unknown_merchant", "merchant_id"],
  [{ merchant_id: '"__proto__"' }, "invalid_arguments", "merchant_id"],
  [{ payment_method_id: '"pm_nobody"' }, "unknown_payment_method", "payment_method_id"],
  [{ payment_method_id: '"toString"' }, "unknown_payment_method", "payment_method_id"],
  [{ payment_method_id: '"hasOwnProperty"' }, "unknown_payment_method", "payment_method_id"],

  [{ country: '"usa"' }, "invalid_arguments", "country"],
  [{ country: '"us"' }, "invalid_arguments", "country"],
  [{ ip_address: '"1.2.3"' }, "invalid_arguments", "ip_address"],
  [{ ip_address: '"256.1.1.1"' }, "invalid_arguments", "ip_address"],
  [{ ip_address: '"fe80::1%eth0"' }, "invalid_arguments", "ip_address"],
  [{ ip_address: '"localhost"' }, "invalid_arguments", "ip_address"],
  [{ description: '""' }, "invalid_arguments", "description"],
  [{ description: times("d", 501) }, "invalid_arguments", "description"],
  [{ description: times("d", 500_000) }, "invalid_arguments", "description"],
  [{ description: '"two\\nlines"' }, "invalid_arguments", "description"],
  [{ idempotency_key: '""' }, "invalid_arguments", "idempotency_key"],
  [{ idempotency_key: times("k", 256) }, "invalid_arguments", "idempotency_key"],
  [{ idempotency_key: "7" }, "invalid_arguments", "idempotency_key"],

  [{ metadata: '"text"' }, "invalid_arguments", "metadata"],
  [{ metadata: "[]" }, "invalid_arguments", "metadata"],
  [{ metadata: '{"a":1}' }, "invalid_arguments", "metadata.a"],
  [{ metadata: '{"a":null}' }, "invalid_arguments", "metadata.a"],
  [{ metadata: '{"a":{"b":"c"}}' }, "invalid_arguments", "metadata.a"],
  [{ metadata: entries(21) }, "invalid_arguments", "metadata"],
  [{ metadata: entries(20_000) }, "invalid_arguments", "metadata"],
  [{ metadata: `{${times("k", 41)}:"v"}` }, "invalid_arguments", `metadata.${"k".repeat(41)}`],
  [{ metadata: `{"k":${times("v", 501)}}` }, "invalid_arguments", "metadata.k"],
  [{ metadata: '{"":"v"}' }, "invalid_arguments", "metadata."],
  [{ metadata: '{"a\\u0000b":"v"}' }, "invalid_arguments", "metadata.a\u0000b"],

  [{ tip: "1" }, "invalid_arguments", "tip"],
  [{ Amount: "1" }, "invalid_arguments", "Amount"],
  [{ tenant_id: '"other"' }, "invalid_arguments", "tenant_id"],
  [{ constructor: '{"prototype":{"isAdmin":true}}' }, "invalid_arguments", "constructor"],
  [{ toString: '"x"' }, "invalid_arguments", "toString"],
  [{ ["x".repeat(5_000)]: "1" }, "invalid_arguments", "x".repeat(80)],

  // Where two errors apply: the form of the arguments, then currency, amount, customer, merchant, method.
  [{ tip: "1", amount: "0", currency: '"XYZ"' }, "invalid_arguments", "tip"],
  [{ amount: "0", currency: '"XYZ"' }, "unknown_currency", "currency"],
  [{ amount: "0", customer_id: '"cust_nobody"' }, "invalid_amount", "amount"],
  [{ customer_id: '"cust_nobody"', merchant_id: '"merch_nobody"' }, "unknown_customer", "customer_id"],
  [{ merchant_id: '"merch_nobody"', payment_method_id: '"pm_nobody"' }, "unknown_merchant", "merchant_id"],
];

Deno.test("create_payment() refuses bad input with a stable code, and stores nothing", async () => {
  await using served = await serveLab();
  const before = await rowCounts(served.lab.owner);
  for (const [change, code, field] of CASES) {
    const text = argumentsText(change);
    const result = await callTool(served.url, "create_payment", text);
    const { next_move: _, message, ...error } = errorOf(result) ?? { message: "" } as ToolError;
    expect({ input: text.slice(0, 300), ...error }).toEqual({
      input: text.slice(0, 300),
      code,
      field,
      retriable: ERROR_CATALOGUE[code as keyof typeof ERROR_CATALOGUE].retriable,
    });
    expect(message).toMatch(/^.{10,400}\.$/);
    expectClear(result);
  }
  expect(await rowCounts(served.lab.owner)).toEqual(before);
  expect(served.lab.charges()).toEqual([]);
  expect(served.log).toEqual([]);
});

Deno.test("create_payment() refuses text that cannot be stored, in every text argument", async () => {
  await using served = await serveLab();
  const before = await rowCounts(served.lab.owner);
  const names = [
    "amount",
    "currency",
    "method",
    "customer_id",
    "merchant_id",
    "payment_method_id",
    "description",
    "device_id",
    "ip_address",
    "country",
    "idempotency_key",
    "metadata",
  ];
  for (const name of names) {
    for (const bad of ["\\u0000", "a\\u0000b", "\\ud800", "a\\udc00b", "\\u0007", "\\u009b31m"]) {
      for (const value of name === "metadata" ? [`{"k":"${bad}"}`, `{"${bad}":"v"}`] : [`"${bad}"`]) {
        const result = await callTool(served.url, "create_payment", argumentsText({ [name]: value }));
        expect({ name, value, code: errorOf(result)?.code }).toEqual({
          name,
          value,
          code: name === "amount"
            ? "invalid_amount"
            : name === "currency"
            ? "unknown_currency"
            : "invalid_arguments",
        });
        expectClear(result);
      }
    }
  }
  expect(await rowCounts(served.lab.owner)).toEqual(before);
  expect(served.log).toEqual([]);
});

Deno.test("messages that are not JSON, too deep, too large or with a prototype store nothing", async () => {
  await using served = await serveLab();
  const before = await rowCounts(served.lab.owner);
  const call = (change: Change) => callText("create_payment", argumentsText(change));
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  const cases: [string, string, string][] = [
    ["the bare token NaN", call({ amount: "NaN" }), "400 invalid_json"],
    ["the bare token Infinity", call({ amount: "Infinity" }), "400 invalid_json"],
    ["a leading zero", call({ amount: "0100" }), "400 invalid_json"],
    ["no digit before the point", call({ amount: ".5" }), "400 invalid_json"],
    ["single quotes", call({ amount: "'1'" }), "400 invalid_json"],
    ["an amount 100,000 levels deep", call({ amount: deep }), "400 too_deep"],
    [
      "metadata 100,000 levels deep",
      call({ metadata: '{"a":'.repeat(100_000) + "1" + "}".repeat(100_000) }),
      "400 too_deep",
    ],
    ["arguments 61 levels deep too many", call({ amount: "[".repeat(62) + "]".repeat(62) }), "400 too_deep"],
    ["a prototype as an argument", call({ ["__proto__"]: '{"amount":1}' }), "400 forbidden_name"],
    ["a prototype spelt in escapes", call({ ["\\u005f_proto__"]: "1" }), "400 forbidden_name"],
    ["a prototype in metadata", call({ metadata: '{"__proto__":"x"}' }), "400 forbidden_name"],
    ["an amount of 1 MiB", call({ amount: times("1", 1024 * 1024) }), "413 body_too_large"],
  ];
  for (const [what, body, expected] of cases) {
    const response = await post(served.url, body);
    const answer = await response.json();
    expect({ what, outcome: `${response.status} ${answer.error?.data.code}` }).toEqual({
      what,
      outcome: expected,
    });
  }
  expect(await rowCounts(served.lab.owner)).toEqual(before);
  expect(served.log).toEqual([]);
});

Deno.test("the simulated time is refused when it is not a time, or not this caller's to set", async () => {
  await using served = await serveLab();
  const before = await rowCounts(served.lab.owner);
  const pay = (value: string) =>
    post(
      served.url,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_payment","arguments":${
        argumentsText({})
      },"_meta":{"mcp-payments-lab/simulated-at":${value}}}}`,
    ).then((response) => response.json()).then(({ result }) => errorOf(result)?.code ?? "accepted");
  for (
    const value of [
      "null",
      "0",
      "1767614400000",
      "[]",
      "{}",
      '""',
      '"now"',
      '"2026-01-05"',
      '"2026-01-05T12:00:00"',
      '"2026-13-05T12:00:00Z"',
      '"2026-02-30T12:00:00Z"',
      '"2026-01-05T24:00:00Z"',
      '"2026-01-05T12:60:00Z"',
      '"2026-01-05T12:00:00+25:00"',
      '"1969-12-31T23:59:59Z"',
      '"2100-01-01T00:00:00Z"',
      '"+012026-01-05T12:00:00Z"',
      '"2026-01-05T12:00:00Z\\u0000"',
    ]
  ) {
    expect({ value, outcome: await pay(value) }).toEqual({ value, outcome: "invalid_arguments" });
  }
  // The lab's clock stands at 2026-01-05T12:00, and 365 days after it the limit.
  expect(await pay('"2027-01-05T12:00:00.001Z"')).toBe("invalid_arguments");
  expect(await rowCounts(served.lab.owner)).toEqual(before);
  expect(await pay('"2026-01-05T12:00:00.5+02:00"')).toBe("accepted");

  await using strict = await serveLab({ config: { simulatedTime: "off" } });
  const refused = await post(strict.url, {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: {
      name: "create_payment",
      arguments: JSON.parse(argumentsText({})),
      _meta: { "mcp-payments-lab/simulated-at": "2026-01-05T12:00:00Z" },
    },
  });
  expect(errorOf((await refused.json()).result).code).toBe("simulated_time_refused");
});

Deno.test("create_payment() takes what is just within the limits, and stores it as it was given", async () => {
  await using served = await serveLab();
  const longest = {
    amount: '"9999999999.99"',
    idempotency_key: times("k", 255),
    description: quoted("Ünïcödé — 支払い 💶".padEnd(500, ".")),
    device_id: times("d", 128),
    ip_address: '"2001:db8::1"',
    country: '"JP"',
    metadata: JSON.stringify({
      ["k".repeat(40)]: "v".repeat(500),
      constructor: "c",
      toString: "t",
      "with.dots and 💶": "'; drop table payments; --",
    }),
  };
  const result = await callTool(served.url, "create_payment", argumentsText(longest));
  expect(result.structuredContent).toMatchObject({ amount: "9999999999.99", amount_minor: 999_999_999_999 });
  const [row] = await served.lab.owner`
    select idempotency_key, description, device_id, ip_address, country, metadata from payments`;
  expect(row).toEqual({
    idempotency_key: JSON.parse(longest.idempotency_key),
    description: JSON.parse(longest.description),
    device_id: JSON.parse(longest.device_id),
    ip_address: "2001:db8::1",
    country: "JP",
    metadata: JSON.parse(longest.metadata),
  });

  for (
    const [amount, currency, minor] of [
      ["0.01", '"USD"', 1],
      ["1e2", '"USD"', 10_000],
      ['"1"', '"JPY"', 1],
      ["1.234", '"KWD"', 1_234],
      ["100.10", '"EUR"', 10_010],
    ] as const
  ) {
    const { structuredContent } = await callTool(
      served.url,
      "create_payment",
      argumentsText({ amount, currency }),
    );
    expect({ amount, currency, minor: structuredContent.amount_minor }).toEqual({ amount, currency, minor });
  }
});

Deno.test("get_payment_status() refuses bad input with a stable code", async () => {
  await using served = await serveLab();
  const cases: [string, string][] = [
    ["{}", "invalid_arguments"],
    ['{"payment_id":null}', "invalid_arguments"],
    ['{"payment_id":""}', "invalid_arguments"],
    ['{"payment_id":"pay_\\u0000"}', "invalid_arguments"],
    ['{"payment_id":"\\ud800"}', "invalid_arguments"],
    ['{"payment_id":["pay_1"]}', "invalid_arguments"],
    [`{"payment_id":${times("p", 129)}}`, "invalid_arguments"],
    ['{"payment_id":"pay_1","verbose":true}', "invalid_arguments"],
    ['{"payment_id":"pay_1"}', "unknown_payment"],
    ['{"payment_id":"p"}', "unknown_payment"],
    ['{"payment_id":"constructor"}', "unknown_payment"],
  ];
  for (const [text, code] of cases) {
    const result = await callTool(served.url, "get_payment_status", text);
    expect({ text, code: errorOf(result)?.code }).toEqual({ text, code });
    expectClear(result);
  }
  expect(served.log).toEqual([]);
});

Deno.test("verify_payment() and refund_payment() refuse bad input with a stable code, and store nothing", async () => {
  await using served = await serveLab();
  const { structuredContent: paid } = await callTool(served.url, "create_payment", argumentsText({}));
  const id = quoted(paid.payment_id as string);
  const before = await rowCounts(served.lab.owner);
  const cases: [tool: string, text: string, code: string, field?: string][] = [
    ["verify_payment", "{}", "invalid_arguments", "payment_id"],
    ["verify_payment", '{"payment_id":"pay_\\u0000"}', "invalid_arguments", "payment_id"],
    ["verify_payment", `{"payment_id":${id},"force":true}`, "invalid_arguments", "force"],
    ["verify_payment", '{"payment_id":"constructor"}', "unknown_payment", "payment_id"],
    ["refund_payment", "{}", "invalid_arguments", "payment_id"],
    ["refund_payment", `{"payment_id":${id},"amount":null}`, "invalid_amount", "amount"],
    ["refund_payment", `{"payment_id":${id},"amount":-1}`, "invalid_amount", "amount"],
    ["refund_payment", `{"payment_id":${id},"amount":1.005}`, "invalid_amount", "amount"],
    ["refund_payment", `{"payment_id":${id},"amount":1e309}`, "amount_too_large", "amount"],
    ["refund_payment", `{"payment_id":${id},"amount":"100.01"}`, "refund_exceeds_captured", "amount"],
    ["refund_payment", `{"payment_id":${id},"currency":"USD"}`, "invalid_arguments", "currency"],
    ["refund_payment", `{"payment_id":${id},"reason":7}`, "invalid_arguments", "reason"],
    [
      "refund_payment",
      `{"payment_id":${id},"idempotency_key":${times("k", 256)}}`,
      "invalid_arguments",
      "idempotency_key",
    ],
    [
      "refund_payment",
      `{"payment_id":${id},"approval_token":"re_1.1.x"}`,
      "invalid_approval_token",
      "approval_token",
    ],
    ["refund_payment", `{"payment_id":${id},"approved":"yes"}`, "invalid_arguments", "approved"],
    // A no that names nothing it could be said to: it must not begin anything.
    ["refund_payment", `{"payment_id":${id},"approved":false}`, "invalid_arguments", "approval_token"],
    ["refund_payment", `{"payment_id":${id},"approved":true}`, "invalid_arguments", "approval_token"],
    ["refund_payment", '{"payment_id":"pay_1","amount":1}', "unknown_payment", "payment_id"],
  ];
  for (const [tool, text, code, field] of cases) {
    const result = await callTool(served.url, tool, text);
    expect({ tool, text, code: errorOf(result)?.code, field: errorOf(result)?.field }).toEqual({
      tool,
      text,
      code,
      field,
    });
    expectClear(result);
  }
  expect(await rowCounts(served.lab.owner)).toEqual(before);
  expect(served.log).toEqual([]);
});

function argumentsText(change: Change): string {
  const members = Object.entries({ ...GOOD, ...change }).filter(([, value]) => value !== null);
  // A name with a backslash is already in escapes.
  return `{${
    members.map(([name, value]) => `${name.includes("\\") ? `"${name}"` : quoted(name)}:${value}`).join(",")
  }}`;
}

/** An error a client of any kind can read: both forms equal, well-formed, short, and nothing of the server's inside. */
function expectClear(result: ToolResult): void {
  expect(result.isError).toBe(true);
  expect(JSON.parse(result.content[0].text)).toEqual(result.structuredContent);
  const { message, next_move } = errorOf(result);
  expect(next_move).toMatch(/^[A-Z].{10,}[.]?$/);
  expect((message + next_move + errorOf(result).field).isWellFormed()).toBe(true);
  const text = JSON.stringify(result.structuredContent);
  expect(text.length).toBeLessThan(1_200);
  expect(text).not.toMatch(/\.ts:|node_modules|PostgresError|ZodError|\s{4}at /);
}

/** Of every table there is, so that a new one cannot be forgotten. */
async function rowCounts(sql: Sql): Promise<Record<string, number>> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables
     where table_schema = 'public' and table_type = 'BASE TABLE' order by table_name`;
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    const [{ count }] = await sql<{ count: number }[]>`select count(*)::int as count from ${sql(name)}`;
    counts[name] = count;
  }
  expect(Object.keys(counts)).toContain("idempotency_keys");
  return counts;
}
