import type { JSONRPCMessage, RequestId, Server, Transport } from "@modelcontextprotocol/server";
import {
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
} from "@modelcontextprotocol/server";
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { setImmediate } from "node:timers";
import { messageFault } from "./message_fault.ts";

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
 * what is under way at that moment, but a payment is not undone by that: it is answered first.
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
  const stop = () => {
    if (stopping) return;
    stopping = true;
    options.input.unpipe(input);
    // What has arrived is read first: the turn of the event loop that brought the end may have brought a call.
    setImmediate(closeWhenAnswered);
    const late = setTimeout(() => input.end(), options.drainMaxMs);
    ended.then(() => clearTimeout(late));
  };
  options.input.pipe(input, { end: false });
  options.input.once("end", stop);
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
        const fault = messageFault(message);
        if (fault !== null) {
          if (isJSONRPCRequest(message)) inner.send(faultAnswer(message.id, fault)).catch(options.onError);
          return;
        }
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

const INVALID_REQUEST = -32600;

function faultAnswer(id: RequestId, { code, message }: { code: string; message: string }): JSONRPCMessage {
  return { jsonrpc: "2.0", id, error: { code: INVALID_REQUEST, message, data: { code } } };
}
