import { DoubledMember } from "../mcp/doubled_member.ts";
import { NESTING_MAX } from "../mcp/message_fault.ts";
import { parseMessage } from "../mcp/parse_message.ts";
import type { Refusal } from "./refuse.ts";

export const BODY_MAX_BYTES = 1024 * 1024;

/**
 * The request's JSON, or why it is refused. Reading stops at the limit: a body of a gigabyte costs one mebibyte.
 */
export async function readBody(
  request: Request,
  timeoutMs: number,
): Promise<{ json: unknown } | { refusal: Refusal }> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > BODY_MAX_BYTES) return { refusal: tooLarge() };
  const bytes = await readBytes(request, timeoutMs);
  if (!(bytes instanceof Uint8Array)) return { refusal: bytes };
  if (deeperThan(bytes, NESTING_MAX)) {
    return {
      refusal: {
        status: 400,
        code: "too_deep",
        message: `The JSON is nested more than ${NESTING_MAX} levels deep.`,
      },
    };
  }
  try {
    return { json: parseMessage(UTF_8.decode(bytes)) };
  } catch (error) {
    if (error instanceof DoubledMember) {
      return {
        refusal: { status: 400, code: "doubled_member", message: error.message, field: error.member },
      };
    }
    return { refusal: { status: 400, code: "invalid_json", message: "The body is not JSON in UTF-8." } };
  }
}

/** The request's text as it was sent, for a signature to be checked over; or why it is refused. */
export async function readText(request: Request, timeoutMs: number): Promise<string | { refusal: Refusal }> {
  const bytes = await readBytes(request, timeoutMs);
  if (!(bytes instanceof Uint8Array)) return { refusal: bytes };
  try {
    return UTF_8.decode(bytes);
  } catch {
    return { refusal: { status: 400, code: "invalid_json", message: "The body is not JSON in UTF-8." } };
  }
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true });

async function readBytes(request: Request, timeoutMs: number): Promise<Uint8Array | Refusal> {
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<"timeout">((resolve) =>
    timer = setTimeout(() => resolve("timeout"), timeoutMs)
  );
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), timeout]);
      if (next === "timeout") {
        reader.cancel().catch(() => {});
        return {
          status: 408,
          code: "read_timeout",
          message: `The body did not arrive within ${timeoutMs} ms.`,
        };
      }
      if (next.done) break;
      length += next.value.byteLength;
      if (length > BODY_MAX_BYTES) {
        reader.cancel().catch(() => {});
        return tooLarge();
      }
      chunks.push(next.value);
    }
  } finally {
    clearTimeout(timer);
  }
  if (chunks.length === 1) return chunks[0];
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

function tooLarge(): Refusal {
  return {
    status: 413,
    code: "body_too_large",
    message: `A request body is at most ${BODY_MAX_BYTES} bytes.`,
  };
}

/** Counts brackets outside strings, byte by byte; multi-byte characters never contain these bytes. */
function deeperThan(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === BRACKET || byte === BRACE) {
      if (++depth > limit) return true;
    } else if (byte === BRACKET_END || byte === BRACE_END) depth--;
  }
  return false;
}

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
