import { expect } from "expect";
import { BatchConnection } from "./batch_transaction.ts";
import { freshDatabase } from "./testing/fresh_database.ts";

Deno.test("a group commit's connection works again after its PostgreSQL was away", async () => {
  const database = await freshDatabase();
  const target = new URL(database.ownerUrl);
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr as Deno.NetAddr;
  free.close();
  const url = new URL(database.ownerUrl);
  url.hostname = "127.0.0.1";
  url.port = String(port);
  const connection = new BatchConnection({ url: url.href, applicationName: "test" });
  const ask = () => {
    const reader = connection.reader([]);
    return reader.send(reader.sql<{ one: number }[]>`select 1 as one`);
  };
  try {
    for (let tries = 0; tries < 2; tries++) {
      await expect(ask()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    }
    const first = forward(port, target);
    expect(await ask()).toMatchObject([{ one: 1 }]);
    first.cut();
    // The connection that was cut, and those that find nobody.
    for (let tries = 0; tries < 3; tries++) {
      await expect(ask()).rejects.toMatchObject({ code: expect.any(String) });
    }
    const second = forward(port, target);
    expect(await ask()).toMatchObject([{ one: 1 }]);
    await connection.end();
    second.cut();
  } finally {
    await database.drop();
  }
});

/** What stands between: PostgreSQL is away when it is cut. */
function forward(port: number, target: URL): { cut(): void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const open = new Set<Deno.Conn>();
  (async () => {
    for await (const near of listener) {
      const far = await Deno.connect({ hostname: target.hostname, port: Number(target.port) });
      open.add(near).add(far);
      near.readable.pipeTo(far.writable).catch(() => {});
      far.readable.pipeTo(near.writable).catch(() => {});
    }
  })().catch(() => {});
  return {
    cut: () => {
      listener.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch { /* its stream has closed it */ }
      }
    },
  };
}
