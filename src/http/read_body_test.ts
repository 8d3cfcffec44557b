import { expect } from "expect";
import { BODY_MAX_BYTES, readBody } from "./read_body.ts";

const PLENTY_MS = 60_000;

Deno.test("readBody() parses JSON, or says why not", async () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  const bytes = (...values: number[]) => new Uint8Array(values);
  const cases: [string, BodyInit, unknown][] = [
    // what                          body                                outcome
    ["an object", '{"a":1}', { a: 1 }],
    ["a byte order mark", bytes(0xef, 0xbb, 0xbf, 0x35), 5],
    ["exactly the limit", `"${"x".repeat(BODY_MAX_BYTES - 2)}"`, "x".repeat(BODY_MAX_BYTES - 2)],
    ["one byte more", `"${"x".repeat(BODY_MAX_BYTES - 1)}"`, "413 body_too_large"],
    ["64 levels", nested(64), JSON.parse(nested(64))],
    ["65 levels", nested(65), "400 too_deep"],
    ["100,000 levels", nested(100_000), "400 too_deep"],
    ["100,000 levels never closed", '{"a":'.repeat(100_000), "400 too_deep"],
    ["brackets in a text", `["${"[{".repeat(100)}\\"${"[".repeat(100)}"]`, [
      "[{".repeat(100) + '"' + "[".repeat(100),
    ]],
    ["nothing", "", "400 invalid_json"],
    ["half an object", '{"a":', "400 invalid_json"],
    ["two values", "1 2", "400 invalid_json"],
    ["the bare token NaN", '{"amount":NaN}', "400 invalid_json"],
    ["the bare token Infinity", '{"amount":-Infinity}', "400 invalid_json"],
    ["a broken UTF-8 sequence", bytes(0x22, 0xc3, 0x28, 0x22), "400 invalid_json"],
    ["an overlong NUL", bytes(0x22, 0xc0, 0x80, 0x22), "400 invalid_json"],
    ["a surrogate in UTF-8", bytes(0x22, 0xed, 0xa0, 0x80, 0x22), "400 invalid_json"],
    ["UTF-16", bytes(0xff, 0xfe, 0x31, 0x00), "400 invalid_json"],
    ["a NUL outside a text", "\u0000{}", "400 invalid_json"],
    ["only closing brackets", "]".repeat(1000), "400 invalid_json"],
  ];
  for (const [what, body, expected] of cases) {
    const request = new Request("http://localhost/mcp", { method: "POST", body });
    const read = await readBody(request, PLENTY_MS);
    const outcome = "refusal" in read ? `${read.refusal.status} ${read.refusal.code}` : read.json;
    expect({ what, outcome }).toEqual({ what, outcome: expected });
  }
});

Deno.test("readBody() stops reading at the limit", async () => {
  let pulled = 0;
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
    cancel() {
      cancelled = true;
    },
  });
  const read = await readBody(
    new Request("http://localhost/mcp", { method: "POST", body: endless }),
    PLENTY_MS,
  );
  expect(read).toMatchObject({ refusal: { status: 413, code: "body_too_large" } });
  expect(pulled).toBeLessThanOrEqual(BODY_MAX_BYTES + 3 * 65_536);
  expect(cancelled).toBe(true);
});

Deno.test("readBody() gives up on a body that does not arrive", async () => {
  const stalled = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("{")),
  });
  const read = await readBody(new Request("http://localhost/mcp", { method: "POST", body: stalled }), 20);
  expect(read).toMatchObject({ refusal: { status: 408, code: "read_timeout" } });
});
