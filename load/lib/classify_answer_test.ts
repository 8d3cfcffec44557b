import { expect } from "expect";
import { classifyAnswer } from "./classify_answer.ts";

function answered(structuredContent: unknown, isError = false) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { structuredContent, isError, content: [] } });
  return classifyAnswer({ status: 200, contentType: "application/json", body });
}

const PAYMENT = { payment_id: "pay_1", status: "succeeded", risk_score: 12, replayed: false };

Deno.test("classifyAnswer() tells declines from errors", () => {
  const cases: [unknown, string][] = [
    [PAYMENT, "approved"],
    [{ ...PAYMENT, status: "declined", decline: { by: "risk" } }, "declined_risk"],
    [{ ...PAYMENT, status: "declined", decline: { by: "issuer" } }, "declined_issuer"],
    [{ ...PAYMENT, status: "declined" }, "declined_issuer"],
    [{ ...PAYMENT, status: "requires_action", challenge: { asked_by: "risk" } }, "challenged"],
    [{ ...PAYMENT, status: "in_doubt" }, "in_doubt"],
    [{ ...PAYMENT, status: "processing" }, "in_doubt"],
    [{ ...PAYMENT, replayed: true }, "replayed"],
    [{ ...PAYMENT, status: "failed" }, "error"],
    [{ ...PAYMENT, status: undefined }, "error"],
    [{ ...PAYMENT, replayed: undefined }, "error"],
    [{ status: "succeeded", replayed: false }, "error"],
    [undefined, "error"],
  ];
  for (const [content, outcome] of cases) {
    expect([content, answered(content).outcome]).toEqual([content, outcome]);
  }
});

Deno.test("classifyAnswer() gives each error a countable code", () => {
  const json = "application/json";
  const cases: [ReturnType<typeof classifyAnswer>, string][] = [
    [classifyAnswer({ status: 0, contentType: "", body: null, transportErrorCode: 1212 }), "no_answer_1212"],
    [classifyAnswer({ status: 503, contentType: json, body: "{}" }), "http_503"],
    [classifyAnswer({ status: 200, contentType: json, body: "<html>" }), "malformed_json"],
    [classifyAnswer({ status: 200, contentType: json, body: "[]" }), "malformed_json"],
    [classifyAnswer({ status: 200, contentType: json, body: "{}" }), "malformed_result"],
    [
      classifyAnswer({ status: 200, contentType: json, body: `{"error":{"code":-32602}}` }),
      "json_rpc_-32602",
    ],
    [answered({ error: { code: "rate_limited" } }, true), "rate_limited"],
    [answered(undefined, true), "tool_error"],
    [answered({ ...PAYMENT, status: "failed" }), "payment_status_failed"],
  ];
  for (const [answer, code] of cases) expect([answer.outcome, answer.errorCode]).toEqual(["error", code]);
});

Deno.test("classifyAnswer() keeps the payment id and the stages that are numbers", () => {
  const answer = answered({ ...PAYMENT, timings_ms: { screen: 1.5, charge: 20, settle: null, total: 30 } });
  expect(answer).toEqual({
    outcome: "approved",
    paymentId: "pay_1",
    stagesMs: { screen: 1.5, charge: 20, total: 30 },
  });
});

Deno.test("classifyAnswer() reads the last event of a streamed answer", () => {
  const message = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { structuredContent: PAYMENT } });
  const body =
    `event: message\ndata: {"jsonrpc":"2.0","method":"ping"}\n\nevent: message\ndata: ${message}\n\n`;
  expect(classifyAnswer({ status: 200, contentType: "text/event-stream", body }).outcome).toBe("approved");
});
