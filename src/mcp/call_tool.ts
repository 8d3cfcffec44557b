import type { InputRequiredResult } from "@modelcontextprotocol/server";
import { DomainError, ERROR_CATALOGUE, type ErrorCode, showValue } from "../core/errors.ts";
import { allowedTools, forbiddenError } from "./allowed_tools.ts";
import { TOOL_BY_NAME } from "./catalog.ts";
import { askPerson, type Round, withPersonsWord } from "./ask_person.ts";
import type { Caller, ToolContext } from "./define_tool.ts";
import { inSpan, type Note } from "../core/trace.ts";
import { requireReachableTime } from "../payments/simulated_time.ts";

export interface CallToolResult {
  [key: string]: unknown;
  content: { type: "text"; text: string }[];
  structuredContent: Record<string, unknown>;
  isError?: true;
  _meta?: Record<string, unknown>;
}

export interface CallEvents {
  /** A call ended; `status` is `success`, `input_required`, or the error's code. */
  call(tool: string, status: string, durationMs: number): void;
  /** A fault of the server: logged in full, answered without detail. */
  fault(tool: string, requestId: string, error: unknown): void;
}

export interface CallToolDependencies {
  readonly payments: ToolContext["payments"];
  readonly wallets: ToolContext["wallets"];
  readonly simulatedTime: "on" | "off" | "token";
  readonly events: CallEvents;
}

export interface CallToolParams {
  readonly name: string;
  readonly arguments?: unknown;
  readonly _meta?: Readonly<Record<string, unknown>>;
}

/** Where the agent stands in its own trace; the header of the same name serves as well, over HTTP. */
const TRACEPARENT_META = "traceparent";
/** `_meta` names of this server. */
export const SIMULATED_AT_META = "mcp-payments-lab/simulated-at";
export const TIMINGS_META = "mcp-payments-lab/timings-ms";

/**
 * One tools/call from its parsed message to its result. A tool's failure is a result with `isError`, so that the
 * agent sees it; nothing thrown reaches the protocol.
 */
export function callTool(
  params: CallToolParams,
  round: Round,
  caller: Caller,
  requestId: string,
  dependencies: CallToolDependencies,
): Promise<CallToolResult | InputRequiredResult> {
  // An unknown name is the caller's text: it must not become a metric's label, or the name of a span.
  const label = TOOL_BY_NAME.get(params.name)?.name ?? "unknown";
  const traceparent = params._meta?.[TRACEPARENT_META];
  return inSpan(
    `tools/call ${label}`,
    { "mcp.method.name": "tools/call", "gen_ai.tool.name": label, "mcp.request.id": requestId },
    (note) => runTool(label, note, params, round, caller, requestId, dependencies),
    typeof traceparent === "string" ? traceparent : null,
  );
}

async function runTool(
  label: string,
  note: Note,
  params: CallToolParams,
  round: Round,
  caller: Caller,
  requestId: string,
  { payments, wallets, simulatedTime, events }: CallToolDependencies,
): Promise<CallToolResult | InputRequiredResult> {
  const startedMs = performance.now();
  const tool = TOOL_BY_NAME.get(params.name);
  const ended = (status: string) => {
    events.call(label, status, performance.now() - startedMs);
    note({ "mcp.tool.status": status });
  };
  try {
    if (tool === undefined) {
      throw new DomainError("unknown_tool", `There is no tool ${showValue(params.name)}.`, {
        nextMove: `Use one of ${allowedTools(caller).map(({ name }) => name).join(", ")}.`,
      });
    }
    if (!caller.scopes.has(tool.scope)) throw forbiddenError(tool);
    const simulatedAtMs = simulatedTimeOf(params._meta, caller, simulatedTime);
    if (simulatedAtMs !== null) {
      await requireReachableTime(payments, {
        tenantId: caller.tenantId,
        atMs: simulatedAtMs,
        field: SIMULATED_AT_META,
      });
    }
    const { raw, dismissed } = withPersonsWord(tool.name, tool.waiting, params.arguments, round);
    const { answer, timingsMs } = await tool.call(raw, {
      caller,
      payments,
      wallets,
      simulatedAtMs,
      dismissed,
    });
    const question = round.mayAsk && dismissed === null ? askPerson(tool.waiting, answer) : null;
    if (question !== null) {
      ended("input_required");
      return question;
    }
    ended("success");
    return {
      content: [{ type: "text", text: JSON.stringify(answer) }],
      structuredContent: answer,
      ...(timingsMs === undefined ? {} : { _meta: { [TIMINGS_META]: rounded(timingsMs) } }),
    };
  } catch (error) {
    if (error instanceof DomainError) {
      ended(error.code);
      return errorResult(error.code, error.message, error.nextMove, error.field);
    }
    ended("internal");
    events.fault(label, requestId, error);
    return errorResult(
      "internal",
      "The server failed on this call; what it did is unknown to you.",
      "If the call had an idempotency_key, repeat it to the letter: nothing is done twice. Quote request_id when you report it.",
      undefined,
      requestId,
    );
  }
}

export function errorResult(
  code: ErrorCode,
  message: string,
  nextMove: string,
  field?: string,
  requestId?: string,
): CallToolResult {
  const error = {
    code,
    // A value cut short may end in half a character.
    message: message.toWellFormed(),
    ...(field === undefined ? {} : { field: field.toWellFormed() }),
    retriable: ERROR_CATALOGUE[code].retriable,
    next_move: nextMove,
    ...(requestId === undefined ? {} : { request_id: requestId }),
  };
  return {
    isError: true,
    content: [{ type: "text", text: JSON.stringify({ error }) }],
    structuredContent: { error },
  };
}

/** 1970 to 2100: what a time may be. */
const SIMULATED_MAX_MS = Date.UTC(2100, 0, 1);
const RFC_3339 = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

function simulatedTimeOf(
  meta: Readonly<Record<string, unknown>> | undefined,
  caller: Caller,
  policy: "on" | "off" | "token",
): number | null {
  const value = meta?.[SIMULATED_AT_META];
  if (value === undefined) return null;
  if (policy === "off" || (policy === "token" && !caller.scopes.has("simulate"))) {
    throw new DomainError("simulated_time_refused", `This caller may not set ${SIMULATED_AT_META}.`, {
      field: SIMULATED_AT_META,
      nextMove: policy === "off"
        ? "Leave it out, or start the server with SIMULATED_TIME=on."
        : 'Leave it out, or use a token with the scope "simulate".',
    });
  }
  const atMs = typeof value === "string" ? parseRfc3339(value) : NaN;
  if (!(atMs >= 0 && atMs < SIMULATED_MAX_MS)) {
    throw new DomainError("invalid_arguments", `Cannot take ${showValue(value)} as ${SIMULATED_AT_META}.`, {
      field: SIMULATED_AT_META,
      nextMove: "Send an RFC 3339 time between 1970 and 2100, for example 2026-01-05T12:00:00Z.",
    });
  }
  return atMs;
}

/** NaN for what is no time; Date.parse alone would take February 30 for March 2. */
function parseRfc3339(text: string): number {
  const date = RFC_3339.exec(text)?.[1];
  if (date === undefined) return NaN;
  const midnight = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(date)) return NaN;
  return Date.parse(text);
}

function rounded(timingsMs: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(timingsMs).map(([stage, ms]) => [stage, Math.round(ms * 100) / 100]),
  );
}
