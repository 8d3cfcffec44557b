import type { Context } from "hono";

/** A request that does not reach the protocol: its HTTP status, and the stable code agents branch on. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 429 | 500;
  readonly code: string;
  readonly message: string;
  /** Of the message, where one member of it is at fault. */
  readonly field?: string;
}

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const INVALID_PARAMS = -32602;
const SERVER_ERROR = -32000;
const JSON_RPC_CODES: Readonly<Record<string, number>> = {
  invalid_json: PARSE_ERROR,
  invalid_batch: INVALID_REQUEST,
  invalid_request: INVALID_REQUEST,
  invalid_params: INVALID_PARAMS,
  forbidden_name: INVALID_REQUEST,
  too_deep: INVALID_REQUEST,
  doubled_member: INVALID_REQUEST,
};

/**
 * Answers in the protocol's own form, so that a client shows the message and not just the status.
 *
 * @param id of the call that is refused, where it has been read by then
 */
export function refuse(
  context: Context,
  { status, code, message, field }: Refusal,
  id: string | number | null = null,
): Response {
  return context.json({
    jsonrpc: "2.0",
    id,
    error: {
      code: JSON_RPC_CODES[code] ?? SERVER_ERROR,
      message,
      data: { code, ...(field ? { field } : {}), request_id: requestIdOf(context) },
    },
  }, status);
}

const REQUEST_ID = "requestId" as never;

export function setRequestId(context: Context, requestId: string): void {
  context.header("x-request-id", requestId);
  context.set(REQUEST_ID, requestId as never);
}

export function requestIdOf(context: Context): string {
  return context.get(REQUEST_ID);
}
