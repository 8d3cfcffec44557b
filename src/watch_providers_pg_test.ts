import { expect } from "expect";
import { ConfigError } from "./config.ts";
import { ManualClock } from "./core/clock.ts";
import type { Log } from "./core/log.ts";
import { compareCharges } from "./payments/compare_charges.ts";
import { openLab, START_MS } from "./payments/testing/open_lab.ts";
import { refund } from "./payments/testing/refund_lab.ts";
import { ACQUIRER_PROFILES } from "./providers/acquirer_profiles.ts";
import { PinnedBook } from "./providers/pinned_book.ts";
import { ProvidersProcess } from "./providers/providers_process.ts";
import { chargeRequestOf } from "./providers/testing/charge_request_of.ts";
import { serveProviders } from "./providers/testing/serve_providers.ts";
import { bookToPin, REASONS, watchProviders } from "./watch_providers.ts";

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const NOBODY = "http://127.0.0.1:9";

Deno.test("providers of another process that do not know this database's charges are refused at the start", async () => {
  await using providers = serveProviders(new ManualClock(START_MS));
  await using lab = await openLab({ providersUrl: providers.url });
  const watch = async (providersUrl: string, providersBook: string | null = null) => {
    const book = new PinnedBook();
    const statements = lab.stack.pool.ofEveryTenant;
    const options = { providersUrl, providersBook, dataDirectory: "/srv/lab" };
    const watched = (await watchProviders(options, { statements, book, log: SILENT }))!;
    await watched.stop();
    return { ...watched, book };
  };
  // Nothing is captured yet, so nothing can be unknown.
  await watch(providers.url);
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) {
    ids.push((await lab.pay()).answer.payment_id);
    lab.clock.advance(1_000);
  }
  const right = await watch(providers.url);
  expect(await right.degradedBy()).toBeNull();
  expect(right.book.id).toBe(providers.log.bookId);

  await using others = serveProviders(new ManualClock(START_MS));
  const refused = await watch(others.url).catch((error) => error);
  expect(refused).toBeInstanceOf(ConfigError);
  expect(refused.message).toContain("do not know the charge of payment");
  expect(refused.message).toContain("/srv/lab");
  // Silence on order is a provider's, and not its book's.
  for (const { name } of ACQUIRER_PROFILES) others.faults.change(name, { outage: "silent" });
  await expect(watch(others.url)).rejects.toThrow(ConfigError);

  // A copy of the folder that fell behind knows the first and the last, but not all between.
  others.log.recordMany([...providers.log.all()].filter(({ key }) => !key.includes(ids[2])));
  await expect(watch(others.url)).rejects.toThrow(ids[2]);
  others.log.recordMany(providers.log.all());
  // It knows all, and still is another: whoever means it names it.
  await expect(watch(others.url)).rejects.toThrow(`set PROVIDERS_BOOK=${others.log.bookId}`);
  expect((await watch(others.url, others.log.bookId)).book.id).toBe(others.log.bookId);
  await expect(watch(providers.url)).rejects.toThrow(`charges are in ${others.log.bookId}`);
  expect(
    await watchProviders(
      { providersUrl: null, providersBook: null, dataDirectory: "." },
      { statements: lab.stack.pool.ofEveryTenant, book: null, log: SILENT },
    ),
  ).toBeNull();
});

Deno.test("a restarted server takes no other book, also where nothing was captured yet", async () => {
  await using first = serveProviders(new ManualClock(START_MS));
  await using second = serveProviders(new ManualClock(START_MS));
  await using lab = await openLab({ providersUrl: first.url });
  const statements = lab.stack.pool.ofEveryTenant;
  const start = async (providersUrl: string, providersBook: string | null = null, log = SILENT) => {
    const book = new PinnedBook();
    const options = { providersUrl, providersBook, dataDirectory: "." };
    const watched = (await watchProviders(options, { statements, book, log, askIntervalMs: 5 }))!;
    return { ...watched, book };
  };
  const started = async (...asked: Parameters<typeof start>) => {
    const watched = await start(...asked);
    await watched.stop();
    return watched.book.id;
  };
  // Of two servers that start at once with other providers each, one has the database.
  const both = await Promise.allSettled([started(first.url), started(second.url)]);
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const [pinned, stranger] = both[0].status === "fulfilled" ? [first, second] : [second, first];
  expect(await started(pinned.url)).toBe(pinned.log.bookId);
  const refused = await start(stranger.url).catch((error) => error);
  expect(refused).toBeInstanceOf(ConfigError);
  expect(refused.message).toContain(
    `theirs is ${stranger.log.bookId}, and this database's charges are in ${pinned.log.bookId}`,
  );
  await expect(start(pinned.url, stranger.log.bookId)).rejects.toThrow(
    `PROVIDERS_BOOK says ${stranger.log.bookId}`,
  );

  // The same where nobody answers at the start, and a stranger comes first.
  let there: typeof first | null = null;
  const front = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    if (there === null) return new Response("nobody", { status: 503 });
    const { method, headers, body } = request;
    return fetch(new URL(new URL(request.url).pathname, there.url), { method, headers, body });
  });
  const told: string[] = [];
  const log: Log = { ...SILENT, error: (event) => told.push(event) };
  const late = await start(`http://127.0.0.1:${front.addr.port}`, null, log);
  try {
    there = stranger;
    expect(await late.degradedBy()).toBe(REASONS.other);
    expect(late.book.id).toBeNull();
    expect(told).toEqual(["providers_are_others"]);
    there = pinned;
    expect(await late.degradedBy()).toBeNull();
    expect(late.book.id).toBe(pinned.log.bookId);
  } finally {
    await late.stop();
    await front.shutdown();
  }
  // On purpose: it is named once, and stays.
  expect(await started(stranger.url, stranger.log.bookId)).toBe(stranger.log.bookId);
  expect(await started(stranger.url)).toBe(stranger.log.bookId);
  await expect(start(pinned.url)).rejects.toThrow(ConfigError);
});

Deno.test("providers that come late are pinned once they know this database's charges, and asked nothing before", async () => {
  await using right = serveProviders(new ManualClock(START_MS));
  await using stranger = serveProviders(new ManualClock(START_MS));
  /** Whoever is at the address at the moment. */
  let there: typeof right | null = right;
  const front = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    if (there === null) return new Response("nobody", { status: 503 });
    const { pathname } = new URL(request.url);
    return fetch(new URL(pathname, there.url), {
      method: request.method,
      headers: request.headers,
      body: request.body,
    });
  });
  const providersUrl = `http://127.0.0.1:${front.addr.port}`;
  const told: string[] = [];
  const log: Log = { ...SILENT, error: (event) => told.push(event), info: (event) => told.push(event) };
  const book = bookToPin({ providersUrl }, log)!;
  await using lab = await openLab({ providersUrl, providersBook: book });
  there = null;
  const watch = (await watchProviders(
    { providersUrl, providersBook: null, dataDirectory: "." },
    { statements: lab.stack.pool.ofEveryTenant, book, log, askIntervalMs: 5 },
  ))!;
  try {
    expect(await watch.degradedBy()).toBe(REASONS.down);
    const early = (await lab.pay()).answer;
    expect(early.status).toBe("in_doubt");
    await lab.owner`
      insert into payments select (jsonb_populate_record(p, jsonb_build_object('payment_id', 'pay_0', 'status',
        'succeeded', 'captured_minor', amount_minor))).* from payments p`;
    there = stranger;
    expect(await watch.degradedBy()).toBe(REASONS.unknown);
    expect((await lab.pay()).answer.status).toBe("in_doubt");
    expect([...stranger.log.all()]).toEqual([]);
    const { provider } = early.routing!;
    await right.providers.get(provider)!.charge(chargeRequestOf("lab/pay_0"), 30_000);
    there = right;
    // By itself, and not because somebody asks for its readiness.
    while (book.id === null) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(book.id).toBe(right.log.bookId);
    expect(await watch.degradedBy()).toBeNull();
    expect((await lab.pay()).answer.status).toBe("succeeded");

    there = stranger;
    expect(await watch.degradedBy()).toBe(REASONS.other);
    expect((await lab.pay()).answer).toMatchObject({ status: "failed" });
    there = null;
    expect(await watch.degradedBy()).toBe(REASONS.down);
    there = right;
    expect(await watch.degradedBy()).toBeNull();
    expect([...stranger.log.all()]).toEqual([]);
    expect(told).toEqual([
      "providers_are_others",
      "providers_up",
      "providers_are_others",
      "providers_are_back",
    ]);
  } finally {
    await watch.stop();
    await front.shutdown();
  }
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
  expect(await violations(early)).toEqual([0, 0, 0]);
  expect(await violations(await process.readBook())).toEqual([0, 0, 0]);
  await lab.owner`update payments set provider_charge_id = 'ch_other' where payment_id = ${first.payment_id}`;
  expect(await violations(await process.readBook())).toEqual([1, 0, 0]);
  await expect(new ProvidersProcess(NOBODY).readBook()).rejects.toThrow();
});
