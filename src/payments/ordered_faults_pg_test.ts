import { expect } from "expect";
import { ConfigError } from "../config.ts";
import { createProviderApp } from "../providers/provider_app.ts";
import { listenForOrders } from "../providers/listen_for_orders.ts";
import { openLab } from "./testing/open_lab.ts";

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

Deno.test("providers in the server's own process take orders for faults, and show what they charged", async () => {
  await using lab = await openLab({ providerTimeoutMs: 100 });
  const port = freePort();
  let url = "";
  const server = listenForOrders(port, lab.stack.simulated!, (at) => url = at);
  try {
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const order = async (faults: Record<string, unknown>) => {
      const response = await fetch(`${url}/faults`, { method: "POST", body: JSON.stringify(faults) });
      expect(response.status).toBe(200);
      await response.body?.cancel();
    };
    const pay = async () => (await lab.pay()).answer;

    await order({ outage: "refusing" });
    expect((await pay()).status).toBe("failed");
    await order({ outage: "silent" });
    expect((await pay()).status).toBe("in_doubt");
    await order({ outage: false, reply_loss: 1 });
    const found = await pay();
    expect(found).toMatchObject({
      status: "succeeded",
      routing: { attempts: [{ code: "reply_lost_found_by_key" }] },
    });
    await order({ reply_loss: 0 });
    expect(await pay()).toMatchObject({ status: "succeeded", routing: { attempts: [{ code: null }] } });

    const charges = (await (await fetch(`${url}/charges`)).text()).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    expect(charges.filter(({ key }) => key.includes(found.payment_id))).toMatchObject([{
      state: "captured",
      amount_minor: found.amount_minor,
    }]);
    for (const headers of [{ origin: "http://evil.example" }, { origin: "http://localhost:3000" }]) {
      const refused = await fetch(`${url}/faults`, { method: "POST", headers, body: '{"outage":true}' });
      expect(refused.status).toBe(403);
      await refused.body?.cancel();
    }
    // Under a name that somebody else's page has resolved to this machine.
    const elsewhere = await createProviderApp(lab.stack.simulated!).request("http://evil.example/charges");
    expect(elsewhere.status).toBe(403);
    expect(() => listenForOrders(port, lab.stack.simulated!, () => {})).toThrow(ConfigError);
  } finally {
    await server.shutdown();
  }
});
