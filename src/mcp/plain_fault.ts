import { type JSONRPCMessage, Server, type Transport } from "@modelcontextprotocol/server";

const INVALID_PARAMS = -32602;
const INTERNAL_ERROR = -32603;

/**
 * The protocol's server, but for what it says of a message whose parameters do not fit: the library answers with all
 * of its validator's findings as a JSON text, and of some methods as if the server had failed (-32603). Here that is the
 * first finding in one sentence, and the caller's fault (-32602).
 */
export class PlainSpokenServer extends Server {
  override connect(transport: Transport): Promise<void> {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => send(plainly(message), options);
    return super.connect(transport);
  }
}

interface Finding {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The same message; an error that lists findings with the first of them alone. */
export function plainly<Message extends JSONRPCMessage>(message: Message): Message {
  if (!("error" in message)) return message;
  const { error } = message;
  const [, before, list] = /^(.*?)(?::? *)(\[\s*\{[^]*\}\s*\])$/.exec(error.message) ?? [];
  const finding = list === undefined ? undefined : firstFinding(list);
  if (finding === undefined) return message;
  const where = finding.path.map(String).join(".");
  const what = finding.message.replace(/^Invalid input: /, "");
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
