/** Why a message is none of the protocol's, with the member that is at fault. */
export interface EnvelopeFault {
  readonly code: "invalid_request" | "invalid_params";
  /** Such as `params._meta`; empty for the message itself. */
  readonly field: string;
  readonly message: string;
}

const MEMBERS: readonly string[] = ["jsonrpc", "id", "method", "params", "result", "error"];

/**
 * The first member of a message that the protocol's library would not take, in the order in which the message is read; null
 * where none is found. The library itself says no more than that the message is not a valid one, and over stdio nothing
 * at all.
 */
export function envelopeFault(message: unknown): EnvelopeFault | null {
  if (!isObject(message)) {
    return fault("", `expected object, received ${typeOf(message)}`);
  }
  if (message.jsonrpc !== "2.0") {
    const { jsonrpc } = message;
    const received = typeof jsonrpc === "string" ? JSON.stringify(jsonrpc.slice(0, 20)) : typeOf(jsonrpc);
    return fault("jsonrpc", `expected "2.0", received ${received}`);
  }
  if ("id" in message && typeof message.id !== "string" && !Number.isSafeInteger(message.id)) {
    return fault("id", `expected string or integer, received ${typeOf(message.id)}`);
  }
  const other = Object.keys(message).find((name) => !MEMBERS.includes(name));
  if (other !== undefined) return fault(other.slice(0, 60), "not a member of a JSON-RPC message");
  if (!("result" in message) && !("error" in message) && typeof message.method !== "string") {
    return fault("method", `expected string, received ${typeOf(message.method)}`);
  }
  return paramsFault(message.params);
}

/** Of a message that has no fault of which more can be said, and still is none. */
export const NO_MESSAGE = fault("", "neither a request, a notification nor a response of JSON-RPC 2.0");

/** The same of a batch: its first message that has one. */
export function firstEnvelopeFault(json: unknown): EnvelopeFault | null {
  if (!Array.isArray(json)) return envelopeFault(json);
  for (const message of json) {
    const found = envelopeFault(message);
    if (found !== null) return found;
  }
  return null;
}

/** What a client tells its question by; null where it gave nothing that could tell. */
export function idOf(message: unknown): string | number | null {
  const { id } = isObject(message) ? message : {};
  return typeof id === "string" || Number.isSafeInteger(id) ? id as string | number : null;
}

function paramsFault(params: unknown): EnvelopeFault | null {
  if (params === undefined) return null;
  if (!isObject(params)) return fault("params", `expected object, received ${typeOf(params)}`);
  const { _meta: meta } = params;
  if (meta === undefined) return null;
  if (!isObject(meta)) return fault("params._meta", `expected object, received ${typeOf(meta)}`);
  const { progressToken: token } = meta;
  return token === undefined || typeof token === "string" || Number.isSafeInteger(token)
    ? null
    : fault("params._meta.progressToken", `expected string or integer, received ${typeOf(token)}`);
}

function fault(field: string, what: string): EnvelopeFault {
  return {
    code: field.startsWith("params") ? "invalid_params" : "invalid_request",
    field,
    message: `Invalid request: ${field === "" ? "the message" : field}: ${what}.`,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && !Number.isSafeInteger(value)
    ? "a number that is no safe integer"
    : typeof value;
}
