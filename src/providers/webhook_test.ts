import { expect } from "expect";
import { ManualClock } from "../core/clock.ts";
import { deliveryDelaysMs, WebhookSender } from "./webhook_sender.ts";
import { eventIdOf } from "./webhook_event.ts";
import { SIGNATURE_HEADER, signWebhook, webhookFault } from "../core/webhook_signature.ts";

const SECRET = "a-secret-of-the-tests-0123456789abcdef";
const EVENT = { provider: "northbank", type: "charge.approved", chargeId: "ch_1" } as const;
const NOW_MS = Date.UTC(2026, 0, 5, 12);

Deno.test("only an unchanged body, signed with the secret within five minutes, is believed", () => {
  const body = '{"id":"evt_1"}';
  const header = signWebhook(SECRET, body, NOW_MS);
  const cases: [fault: string | null, header: string | null, body: string, nowMs: number][] = [
    [null, header, body, NOW_MS],
    [null, header, body, NOW_MS + 300_000],
    [null, header, body, NOW_MS - 299_000],
    ["webhook_too_old", header, body, NOW_MS + 301_000],
    ["webhook_too_old", header, body, NOW_MS - 301_000],
    ["signature_wrong", header, '{"id":"evt_2"}', NOW_MS],
    ["signature_wrong", header.replace(/t=\d+/, `t=${NOW_MS / 1000 + 1}`), body, NOW_MS],
    ["signature_wrong", signWebhook("another-secret", body, NOW_MS), body, NOW_MS],
    // A forged old one is told that it is forged.
    ["signature_wrong", signWebhook("another-secret", body, 0), body, NOW_MS],
    ["signature_missing", null, body, NOW_MS],
    ["signature_malformed", "", body, NOW_MS],
    ["signature_malformed", header.slice(0, -1), body, NOW_MS],
    ["signature_malformed", `${header},v1=${"0".repeat(64)}`, body, NOW_MS],
  ];
  for (const [fault, given, text, nowMs] of cases) {
    expect({ given, fault: webhookFault(SECRET, given, text, nowMs) }).toEqual({ given, fault });
  }
});

Deno.test("webhooks arrive signed, some twice, out of order, and again after a server's fault", async () => {
  const seen: { id: string; key: string }[] = [];
  let faults = 3;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const body = await request.text();
    expect(new URL(request.url).pathname).toBe("/webhooks/northbank");
    expect(webhookFault(SECRET, request.headers.get(SIGNATURE_HEADER), body, NOW_MS)).toBe(null);
    if (faults-- > 0) return new Response(null, { status: 500 });
    seen.push(JSON.parse(body));
    return new Response(null, { status: 204 });
  });
  const sender = new WebhookSender({
    url: `http://127.0.0.1:${server.addr.port}/webhooks`,
    secret: SECRET,
    clock: new ManualClock(NOW_MS),
    delayScale: 0.02,
  });
  const keys = Array.from({ length: 60 }, (_, i) => `lab/pay_${i}`);
  for (const key of keys) {
    sender.send({ provider: "northbank", key, type: "charge.approved", chargeId: "ch_1" });
  }
  const untilMs = performance.now() + 10_000;
  while (new Set(seen.map(({ id }) => id)).size < keys.length && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await new Promise((resolve) => setTimeout(resolve, 400));
  await sender.close();
  await server.shutdown();
  const first = [...new Set(seen.map(({ key }) => key))];
  expect([...first].sort()).toEqual([...keys].sort());
  expect(first).not.toEqual(keys);
  expect(seen.length).toBeGreaterThan(keys.length);
  expect(new Set(seen.map(({ id }) => id)).size).toBe(keys.length);
});

Deno.test("an address that does not take webhooks is told of once until it takes one, and a slash at its end does no harm", async () => {
  const paths: string[] = [];
  const statuses = [404, 404, 204, 401];
  let answered = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    paths.push(new URL(request.url).pathname);
    return new Response(null, { status: statuses[answered++] });
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const told: string[] = [];
  const sender = new WebhookSender({
    url: `${origin}/webhooks/`,
    secret: SECRET,
    clock: new ManualClock(NOW_MS),
    delayScale: 0,
    onNotTaken: (address, answer) => told.push(`${address} ${answer}`),
  });
  // Told once each, and not twice as one event in ten is.
  const keys = Array.from({ length: 50 }, (_, i) => `lab/pay_${i}`).filter((key) =>
    deliveryDelaysMs({ type: "charge.approved" }, eventIdOf({ ...EVENT, key })).length === 1
  );
  for (const [i, key] of keys.slice(0, statuses.length).entries()) {
    sender.send({ ...EVENT, key });
    while (answered <= i) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await sender.close();
  await server.shutdown();
  expect(paths).toEqual(statuses.map(() => "/webhooks/northbank"));
  const address = `${origin}/webhooks/northbank`;
  expect(told).toEqual([`${address} status 404`, `${address} status 401`]);

  const deaf = new WebhookSender({
    url: origin,
    secret: SECRET,
    clock: new ManualClock(NOW_MS),
    delayScale: 0,
    onNotTaken: (address) => told.push(address),
  });
  deaf.send({ ...EVENT, key: keys[0] });
  while (told.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  await deaf.close();
  expect(told[2]).toBe(`${origin}/northbank`);
});

Deno.test("one webhook in five is seconds late, one in ten comes twice, and late ones are overtaken", () => {
  const EVENTS = 5_000;
  const delays = Array.from(
    { length: EVENTS },
    (_, i) => deliveryDelaysMs({ type: "charge.approved" }, `evt_${i}`),
  );
  const firsts = delays.map(([first]) => first);
  const late = firsts.filter((delayMs) => delayMs >= 1_000);
  const twice = delays.filter(({ length }) => length === 2);
  // Five standard deviations of a binomial.
  expect(Math.abs(late.length - 0.2 * EVENTS)).toBeLessThan(142);
  expect(Math.abs(twice.length - 0.1 * EVENTS)).toBeLessThan(107);
  for (const delayMs of firsts) {
    expect((delayMs >= 100 && delayMs < 500) || (delayMs >= 1_000 && delayMs < 9_000)).toBe(true);
  }
  expect(Math.max(...late)).toBeGreaterThan(8_000);
  // The second of two comes before the first as well as after it.
  expect(new Set(twice.map(([first, second]) => second < first))).toEqual(new Set([true, false]));
  expect(deliveryDelaysMs({ type: "charge.disputed" }, "evt_1")[0]).toBe(firsts[1] + 5_000);
  expect(deliveryDelaysMs({ type: "charge.approved" }, "evt_1")).toEqual(delays[1]);
});
