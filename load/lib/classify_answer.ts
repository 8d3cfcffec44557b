/** How one payment call ended. A decline is an answer; only `error` is an error. */
export const OUTCOMES = [
  "approved",
  "declined_risk",
  "declined_issuer",
  "challenged",
  "in_doubt",
  "replayed",
  "error",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/**
 * The outcomes whose time is an approval time: decided here and now, for the first time. A challenge is such a decision:
 * what comes after it is the customer's time and another call's.
 */
export const TIMED_OUTCOMES: readonly Outcome[] = [
  "approved",
  "declined_risk",
  "declined_issuer",
  "challenged",
];

export interface ClassifiedAnswer {
  readonly outcome: Outcome;
  readonly paymentId?: string;
  /** Stage → milliseconds, from the result's `_meta`, or the answer's own `timings_ms`. */
  readonly stagesMs: Readonly<Record<string, number>>;
  /** Stable and low in number, so that errors can be counted by it. */
  readonly errorCode?: string;
}

interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | null;
  /** k6's own code for a call that got no answer, such as 1212 for connection refused. */
  readonly transportErrorCode?: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Reads the answer of a `tools/call create_payment` posted as plain JSON-RPC. Never throws. */
export function classifyAnswer(answer: HttpAnswer): ClassifiedAnswer {
  if (answer.status === 0) return failed(`no_answer_${answer.transportErrorCode ?? "unknown"}`);
  if (answer.status !== 200) return failed(`http_${answer.status}`);
  const message = parseMessage(answer.body ?? "", answer.contentType);
  if (!message) return failed("malformed_json");
  if (isObject(message.error)) return failed(`json_rpc_${String(message.error.code)}`);
  const result = message.result;
  if (!isObject(result)) return failed("malformed_result");
  const content = result.structuredContent;
  if (result.isError === true) {
    const error = isObject(content) ? content.error : undefined;
    return failed(isObject(error) && typeof error.code === "string" ? error.code : "tool_error");
  }
  if (!isObject(content) || typeof content.payment_id !== "string" || typeof content.replayed !== "boolean") {
    return failed("malformed_payment");
  }
  const outcome = outcomeOf(content);
  if (!outcome) return failed(`payment_status_${String(content.status)}`);
  return { outcome, paymentId: content.payment_id, stagesMs: stagesOf(result, content) };
}

function outcomeOf(content: JsonObject): Outcome | undefined {
  // A replay repeats an older outcome; counted by itself, or the mix would show some payments twice.
  if (content.replayed === true) return "replayed";
  switch (content.status) {
    case "succeeded":
      return "approved";
    case "requires_action":
      return "challenged";
    case "declined":
      return isObject(content.decline) && content.decline.by === "risk" ? "declined_risk" : "declined_issuer";
    case "in_doubt":
    case "processing":
      return "in_doubt";
    default:
      return undefined;
  }
}

/** This call's own stages in the result's `_meta`; without them, those that the answer itself repeats. */
const TIMINGS_META = "mcp-payments-lab/timings-ms";

function stagesOf(result: JsonObject, content: JsonObject): Record<string, number> {
  const stagesMs: Record<string, number> = {};
  const ownTimings = isObject(result._meta) ? result._meta[TIMINGS_META] : undefined;
  const timings = isObject(ownTimings) ? ownTimings : content.timings_ms;
  if (!isObject(timings)) return stagesMs;
  for (const [stage, valueMs] of Object.entries(timings)) {
    if (typeof valueMs === "number" && Number.isFinite(valueMs)) stagesMs[stage] = valueMs;
  }
  return stagesMs;
}

/** The JSON-RPC message of a JSON body, or of the last event when the server chose to stream. */
function parseMessage(body: string, contentType: string): JsonObject | undefined {
  let text = body;
  if (contentType.startsWith("text/event-stream")) {
    const data = body.split("\n").filter((line) => line.startsWith("data:"));
    text = data.length > 0 ? data[data.length - 1].slice("data:".length) : "";
  }
  try {
    const message: unknown = JSON.parse(text);
    return isObject(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function failed(errorCode: string): ClassifiedAnswer {
  return { outcome: "error", errorCode, stagesMs: {} };
}
