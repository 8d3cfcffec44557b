import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as V1Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as V1StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as V1HttpClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

/** What the tests ask of a client, whichever library and revision it speaks. */
export interface TestClient extends AsyncDisposable {
  /** The revision of the protocol that was agreed on. */
  readonly revision: string | undefined;
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<{
    isError?: boolean;
    structuredContent?: unknown;
    content?: unknown;
    _meta?: Record<string, unknown>;
  }>;
}

/** Where the server is: at a URL, or a program to start. */
export type ServerPlace = { url: string } | {
  command: string;
  args: string[];
  env: Record<string, string>;
  stderr?: "ignore" | "inherit";
};

export const CLIENT_KINDS = {
  "the v2 client on 2026-07-28": { revision: "2026-07-28", connect: connectV2({ pin: "2026-07-28" }) },
  "the v2 client, negotiating": { revision: "2026-07-28", connect: connectV2("auto") },
  "the v2 client, as of 2025": { revision: "2025-11-25", connect: connectV2("legacy") },
  "the v1 SDK's client": { revision: "2025-11-25", connect: connectV1 },
} as const;

const IDENTITY = { name: "interoperability-test", version: "1.0.0" };

function connectV2(mode: "auto" | "legacy" | { pin: string }) {
  return async (place: ServerPlace, headers: Record<string, string> = {}): Promise<TestClient> => {
    const client = new Client(IDENTITY, { versionNegotiation: { mode } });
    await client.connect(
      "url" in place
        ? new StreamableHTTPClientTransport(new URL(place.url), { requestInit: { headers } })
        : new StdioClientTransport(place),
    );
    return {
      revision: client.getNegotiatedProtocolVersion(),
      listTools: () => client.listTools(),
      callTool: (call) => client.callTool(call),
      [Symbol.asyncDispose]: () => client.close(),
    };
  };
}

/** This client checks structuredContent against the output schema of the listing, of errors too. */
async function connectV1(place: ServerPlace, headers: Record<string, string> = {}): Promise<TestClient> {
  const client = new V1Client(IDENTITY);
  let revision: string | undefined;
  if ("url" in place) {
    const transport = new V1HttpClientTransport(new URL(place.url), { requestInit: { headers } });
    await client.connect(transport);
    revision = transport.protocolVersion;
  } else {
    const transport = new V1StdioClientTransport(place);
    // The client tells its transport what was agreed on; over stdio it keeps it nowhere else.
    Object.assign(transport, { setProtocolVersion: (version: string) => revision = version });
    await client.connect(transport);
  }
  return {
    revision,
    listTools: () => client.listTools(),
    callTool: (call) => client.callTool(call),
    [Symbol.asyncDispose]: () => client.close(),
  };
}
