/**
 * A loopback reverse proxy that makes a share of the requests slow. It exists to show that the gate can fail: the
 * server behind it is the real one, untouched.
 */
export interface SlowProxyOptions {
  readonly targetUrl: string;
  readonly delayMs: number;
  /** Of the requests with a body, the share that is delayed: 0.1 delays each tenth, so a run can be repeated. */
  readonly delayedShare: number;
}

export interface SlowProxy {
  readonly url: string;
  /** Requests passed on and, of these, delayed. */
  counts(): { readonly passed: number; readonly delayed: number };
  close(): Promise<void>;
}

/** Starts the proxy on a free loopback port. */
export function startSlowProxy(options: SlowProxyOptions): SlowProxy {
  const target = options.targetUrl.replace(/\/+$/, "");
  let passed = 0;
  let delayed = 0;
  // Counted up by the share and not drawn by chance: exactly that share is delayed, evenly spread.
  let owed = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const body = request.body ? await request.arrayBuffer() : undefined;
    passed++;
    if (body) owed += options.delayedShare;
    if (owed >= 1) {
      owed -= 1;
      delayed++;
      await new Promise((resolve) => setTimeout(resolve, options.delayMs));
    }
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    // The server checks Host; it must see its own, which fetch sets from the target.
    headers.delete("host");
    try {
      const answer = await fetch(`${target}${pathname}${search}`, { method: request.method, headers, body });
      return new Response(answer.body, { status: answer.status, headers: answer.headers });
    } catch (error) {
      return new Response(error instanceof Error ? error.message : String(error), { status: 502 });
    }
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    counts: () => ({ passed, delayed }),
    close: () => server.shutdown(),
  };
}
