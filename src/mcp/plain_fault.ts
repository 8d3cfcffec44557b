import { type JSONRPCMessage, Server, type Transport } from "@modelcontextprotocol/server";
import { type Issue, issueWords } from "./issue_words.ts";

const INVALID_PARAMS = -32602;
const INTERNAL_ERROR = -32603;
/** Stable names of the protocol's own errors, as all other faults of a message have one. */
const CODES: Readonly<Record<number, string>> = {
  [-32700]: "invalid_json",
  [-32600]: "invalid_request",
  [-32601]: "unknown_method",
  [INVALID_PARAMS]: "invalid_params",
};

/**
 * The protocol's server, but for what it says of a message whose parameters do not fit: the library answers with all
 * of its validator's findings as a JSON text, and of some methods as if the server had failed (-32603). Here that is the
 * first finding in one sentence, and the caller's fault (-32602); and each error has a stable code in its data.
 */
export class PlainSpokenServer extends Server {
  override connect(transport: Transport): Promise<void> {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => send(plainly(message), options);
    return super.connect(transport);
  }
}

type Finding = Issue & { readonly path: readonly PropertyKey[] };

/** The same message; an error with its stable code, and instead of a list of findings with the first of them alone. */
export function plainly<Message extends JSONRPCMessage>(message: Message): Message {
  return "error" in message ? withCode(firstFindingOf(message)) : message;
}

function withCode<Message extends JSONRPCMessage>(message: Message): Message {
  if (!("error" in message)) return message;
  const { error } = message;
  const data = (error.data ?? {}) as Record<string, unknown>;
  const code = CODES[error.code];
  if (code === undefined || typeof data !== "object" || Array.isArray(data) || "code" in data) return message;
  return { ...message, error: { ...error, data: { ...data, code } } };
}

function firstFindingOf<Message extends JSONRPCMessage>(message: Message): Message {
  if (!("error" in message)) return message;
  const { error } = message;
  const [, before, list] = /^(.*?)(?::? *)(\[\s*\{[^]*\}\s*\])$/.exec(error.message) ?? [];
  const finding = list === undefined ? undefined : firstFinding(list);
  if (finding === undefined) return message;
  const where = finding.path.map(String).join(".");
  const what = issueWords(finding);
  return {
    ...message,
    error: {
      ...error,
      code: error.code === INTERNAL_ERROR ? INVALID_PARAMS : error.code,
      message: `${before || "Invalid request"}: ${where === "" ? "" : `${where}: `}${what}.`,
    },
  };
}

function firstFinding(list: string): Finding | undefined {
  try {
    const [first] = JSON.parse(list) as Partial<Finding>[];
    return Array.isArray(first?.path) && typeof first.message === "string" ? first as Finding : undefined;
  } catch {
    return undefined;
  }
}
