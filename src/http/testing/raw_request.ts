/** What came back over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Status line and headers in lower case. */
  readonly headers: string;
  readonly body: string;
}

/**
 * One request, byte for byte: with a Host of the test's choice, or a body that stops half way, which fetch cannot
 * send. Reads until the answer's content-length has arrived.
 */
export async function rawRequest(
  url: string,
  { method = "GET", path = "/mcp", headers, body = "" }: {
    method?: string;
    path?: string;
    headers: Record<string, string>;
    body?: string;
  },
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  await connection.write(
    new TextEncoder().encode(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`),
  );
  let text = "";
  for await (
    const chunk of connection.readable.pipeThrough(new TextDecoderStream(), { preventCancel: true })
  ) {
    text += chunk;
    const end = text.indexOf("\r\n\r\n");
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? NaN);
    if (end < 0 || text.length < end + 4 + length) continue;
    return {
      status: Number(text.split(" ")[1]),
      headers: text.slice(0, end).toLowerCase(),
      body: text.slice(end + 4),
    };
  }
  throw new Error(`The connection ended after: ${text}`);
}
