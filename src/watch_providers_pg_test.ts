import { expect } from "expect";
import { ConfigError } from "./config.ts";
import { ManualClock } from "./core/clock.ts";
import type { Log } from "./core/log.ts";
import { compareCharges } from "./payments/compare_charges.ts";
import { openLab, START_MS } from "./payments/testing/open_lab.ts";
import { refund } from "./payments/testing/refund_lab.ts";
import { ProvidersProcess } from "./providers/providers_process.ts";
import { serveProviders } from "./providers/testing/serve_providers.ts";
import { watchProviders } from "./watch_providers.ts";

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const NOBODY = "http://127.0.0.1:9";

Deno.test("providers of another process that do not know this database's charges are refused, at the start and later", async () => {
  await using providers = serveProviders(new ManualClock(START_MS));
  await using lab = await openLab({ providersUrl: providers.url });
  const watch = (providersUrl: string, service = lab.service) =>
    watchProviders({ providersUrl, dataDirectory: "/srv/lab" }, service, SILENT);
  // Nothing is captured yet, so nothing can be unknown.
  await watch(providers.url);
  const { answer } = await lab.pay();
  const degradedBy = (await watch(providers.url))!;
  expect(await degradedBy()).toBeNull();

  await using others = serveProviders(new ManualClock(START_MS));
  await using elsewhere = await openLabOnProviders(others.url, lab.database.appUrl);
  const refused = await watch(others.url, elsewhere.service).catch((error) => error);
  expect(refused).toBeInstanceOf(ConfigError);
  expect(refused.message).toContain(`do not know the charge of payment "${answer.payment_id}"`);
  expect(refused.message).toContain("/srv/lab");

  // Of silent ones nothing is known, which is no reason to refuse them.
  others.faults.change(answer.routing!.provider, { outage: "refusing" });
  expect(await (await watch(others.url, elsewhere.service))!()).toBeNull();
});

Deno.test("dead providers make a server degraded, which ends when they are back, if they are the same", async () => {
  await using lab = await openLab();
  await lab.pay();
  const dead = (await watchProviders({ providersUrl: NOBODY, dataDirectory: "." }, lab.service, SILENT))!;
  expect(await dead()).toContain("do not answer");
  expect(await watchProviders({ providersUrl: null, dataDirectory: "." }, lab.service, SILENT)).toBeNull();

  let isUp = false;
  const front = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("{}", { status: isUp ? 200 : 503 }),
  );
  const providersUrl = `http://127.0.0.1:${front.addr.port}`;
  const degradedBy = (await watchProviders({ providersUrl, dataDirectory: "." }, lab.service, SILENT))!;
  expect(await degradedBy()).toContain("do not answer");
  isUp = true;
  // The lab's own providers are asked about the charge, and know it.
  expect(await degradedBy()).toBeNull();
  isUp = false;
  expect(await degradedBy()).toContain("do not answer");
  isUp = true;
  await lab.owner`update payments set payment_id = 'pay_other'`;
  expect(await degradedBy()).toContain("do not know the charges");
  await front.shutdown();
});

Deno.test("our books are held against GET /charges, and what disagrees is asked for anew", async () => {
  await using providers = serveProviders(new ManualClock(START_MS));
  await using lab = await openLab({ providersUrl: providers.url });
  const violations = async (book: Parameters<typeof compareCharges>[1]) =>
    (await compareCharges(lab.owner, book)).map((result) => result.violations);
  const process = new ProvidersProcess(providers.url);
  const { answer: first } = await lab.pay({ amountMinor: 10_000n });
  const early = await process.readBook();
  // The list is older than what happened since, and no lie.
  await refund(lab, { paymentId: first.payment_id, amount: 40 });
  await lab.pay({ paymentMethodId: "pm_card_soft_decline_first" });
  expect(await violations(early)).toEqual([0, 0]);
  expect(await violations(await process.readBook())).toEqual([0, 0]);
  await lab.owner`update payments set provider_charge_id = 'ch_other' where payment_id = ${first.payment_id}`;
  expect(await violations(await process.readBook())).toEqual([1, 0]);
  await expect(new ProvidersProcess(NOBODY).readBook()).rejects.toThrow();
});

/** A service on the same database whose providers are elsewhere. */
async function openLabOnProviders(providersUrl: string, appUrl: string) {
  const lab = await openLab({ providersUrl });
  const service = await lab.openService(undefined, appUrl);
  return { service, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
}
