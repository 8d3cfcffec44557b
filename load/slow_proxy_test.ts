import { expect } from "expect";
import { startSlowProxy } from "./slow_proxy.ts";

Deno.test("startSlowProxy() delays exactly its share of the requests and changes none", async () => {
  const seen: string[] = [];
  const target = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    seen.push(`${request.method} ${new URL(request.url).pathname} ${request.headers.get("host")}`);
    return new Response(`echo ${await request.text()}`, { status: 201, headers: { "x-kept": "yes" } });
  });
  const host = `127.0.0.1:${target.addr.port}`;
  const proxy = startSlowProxy({ targetUrl: `http://${host}/`, delayMs: 60, delayedShare: 0.25 });
  try {
    let slow = 0;
    for (let call = 0; call < 8; call++) {
      const startedMs = performance.now();
      const answer = await fetch(`${proxy.url}/mcp`, { method: "POST", body: `${call}` });
      expect([answer.status, answer.headers.get("x-kept"), await answer.text()]).toEqual([
        201,
        "yes",
        `echo ${call}`,
      ]);
      if (performance.now() - startedMs >= 60) slow++;
    }
    expect(slow).toBe(2);
    expect(proxy.counts()).toEqual({ passed: 8, delayed: 2 });
    expect(seen[0]).toBe(`POST /mcp ${host}`);
  } finally {
    await proxy.close();
    await target.shutdown();
  }
});
