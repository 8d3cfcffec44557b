import type { JSONRPCMessage, RequestId, Server, Transport } from "@modelcontextprotocol/server";
import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  isJSONRPCResultResponse,
} from "@modelcontextprotocol/server";
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { setImmediate } from "node:timers";
import { DoubledMember } from "./doubled_member.ts";
import { envelopeFault, idOf, NO_MESSAGE } from "./envelope_fault.ts";
import { messageFault } from "./message_fault.ts";
import { LINE_MAX_BYTES, MessageLines } from "./message_lines.ts";
import { parseMessage } from "./parse_message.ts";

export interface StdioOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly createServer: () => Server;
  /** How long calls under way may take after the client has closed its end, or `stop` was called. */
  readonly drainMaxMs: number;
  readonly onError: (error: Error) => void;
}

export interface StdioServing {
  /** Resolves when everything is answered and the connection is closed, whoever closed it. */
  readonly ended: Promise<void>;
  /** Takes no more messages, answers those under way, and closes. */
  stop(): void;
}

/**
 * Serves one client over standard input and output until its input ends. The library's own transport throws away
 * what is under way at that moment, but a payment is not undone by that: it is answered first. Nor does that transport
 * answer what is no message, and whoever sent it would wait for ever: here it is told what is wrong with it, as over HTTP.
 */
export function serveOnStdio(options: StdioOptions): StdioServing {
  const input = new PassThrough();
  const inner = new StdioServerTransport(input, options.output);
  const unanswered = new Set<RequestId>();
  let stopping = false;
  let closed = () => {};
  const ended = new Promise<void>((resolve) => closed = resolve);

  const closeWhenAnswered = () => {
    if (stopping && unanswered.size === 0) input.end();
  };
  const takeLine = (line: Uint8Array | null) => {
    const taken = readLine(line);
    if ("message" in taken) input.write(JSON.stringify(taken.message) + "\n");
    else if (taken.isAnswered) inner.send(taken.answer).catch(options.onError);
    else options.onError(new Error(taken.answer.error.message));
  };
  const lines = new MessageLines(takeLine);
  const takeChunk = (chunk: Uint8Array) => lines.push(chunk);
  const stop = () => {
    if (stopping) return;
    stopping = true;
    options.input.off("data", takeChunk);
    options.input.pause();
    // What has arrived is read first: the turn of the event loop that brought the end may have brought a call.
    setImmediate(closeWhenAnswered);
    const late = setTimeout(() => input.end(), options.drainMaxMs);
    ended.then(() => clearTimeout(late));
  };
  options.input.on("data", takeChunk);
  options.input.once("end", () => {
    if (!stopping) lines.end();
    stop();
  });
  options.input.once("close", stop);
  options.input.once("error", stop);

  const answered = (message: JSONRPCMessage) => {
    if (!isJSONRPCResultResponse(message) && !isJSONRPCErrorResponse(message)) return;
    if (message.id !== undefined) unanswered.delete(message.id);
    closeWhenAnswered();
  };
  const wire: Transport = {
    start: () => {
      inner.onmessage = (message: JSONRPCMessage) => {
        if (isJSONRPCRequest(message)) unanswered.add(message.id);
        // A call that its caller takes back is not answered.
        if ("method" in message && message.method === "notifications/cancelled") {
          unanswered.delete(message.params?.requestId as RequestId);
        }
        wire.onmessage?.(message);
      };
      inner.onerror = (error) => wire.onerror?.(error);
      inner.onclose = () => {
        wire.onclose?.();
        closed();
      };
      return inner.start();
    },
    send: async (message) => {
      await inner.send(message);
      answered(message);
    },
    close: () => inner.close(),
  };
  serveStdio(options.createServer, { transport: wire, onerror: options.onError });
  return { ended, stop };
}

const JSON_RPC_CODES = {
  invalid_json: -32700,
  invalid_request: -32600,
  line_too_long: -32600,
  too_deep: -32600,
  doubled_member: -32600,
  forbidden_name: -32600,
  invalid_params: -32602,
} as const;

type LineFault = { code: keyof typeof JSON_RPC_CODES; message: string; field?: string };
type ErrorAnswer = Extract<JSONRPCMessage, { error: unknown }>;
type TakenLine =
  | { readonly message: unknown }
  /** A notification has nobody who waits for an answer. */
  | { readonly answer: ErrorAnswer; readonly isAnswered: boolean };

/** A line's message, or what its sender is told of it. */
function readLine(line: Uint8Array | null): TakenLine {
  if (line === null) {
    const message = `A message is at most ${LINE_MAX_BYTES} bytes long.`;
    return { answer: faultAnswer(null, { code: "line_too_long", message }), isAnswered: true };
  }
  let message: unknown;
  try {
    message = parseMessage(UTF_8.decode(line));
  } catch (error) {
    if (error instanceof DoubledMember) {
      const fault = { code: "doubled_member", message: error.message, field: error.member } as const;
      return { answer: faultAnswer(null, fault), isAnswered: true };
    }
    const fault = { code: "invalid_json", message: "The line is not JSON in UTF-8." } as const;
    return { answer: faultAnswer(null, fault), isAnswered: true };
  }
  const fault = messageFault(message) ?? envelopeFault(message) ?? (isMessage(message) ? null : NO_MESSAGE);
  if (fault === null) return { message };
  return { answer: faultAnswer(idOf(message), fault), isAnswered: !isForNobody(message) };
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true });

function isMessage(message: unknown): boolean {
  return isJSONRPCRequest(message) || isJSONRPCNotification(message) || isJSONRPCResponse(message);
}

/** A notification, or an answer. */
function isForNobody(message: unknown): boolean {
  if (typeof message !== "object" || message === null || Array.isArray(message)) return false;
  return "result" in message || "error" in message || (!("id" in message) && "method" in message);
}

function faultAnswer(id: RequestId | null, { code, message, field }: LineFault): ErrorAnswer {
  const data = { code, ...(field ? { field } : {}) };
  // The library's types have no null, by which JSON-RPC answers what has no id.
  return { jsonrpc: "2.0", id, error: { code: JSON_RPC_CODES[code], message, data } } as ErrorAnswer;
}
