import { expect } from "expect";
import { ManualClock } from "../core/clock.ts";
import { ACQUIRER_PROFILES } from "./acquirer_profiles.ts";
import { BOOK_HEADER } from "./book_id.ts";
import { ChargeLog } from "./charge_log.ts";
import { PinnedBook } from "./pinned_book.ts";
import { NothingCharged, ProviderTimeout } from "./provider.ts";
import { ProvidersProcess } from "./providers_process.ts";
import { RemoteProvider } from "./remote_provider.ts";
import { chargeRequestOf } from "./testing/charge_request_of.ts";
import { serveProviders } from "./testing/serve_providers.ts";

const [PROFILE] = ACQUIRER_PROFILES;
const LONG_MS = 30_000;

Deno.test("a process refuses calls about another book before it does anything, and of a charge that is certain", async () => {
  await using served = serveProviders(new ManualClock(0));
  await using other = serveProviders(new ManualClock(0));
  const events: string[] = [];
  const book = new PinnedBook({ other: () => events.push("other"), back: () => events.push("back") });
  const [right, wrong] = [served, other].map(({ url }) => new RemoteProvider(PROFILE, url, book));
  // Whose charges are meant is not known yet.
  await expect(right.charge(chargeRequestOf("k"), LONG_MS)).rejects.toThrow(ProviderTimeout);
  expect([...served.log.all()]).toEqual([]);
  book.pin((await new ProvidersProcess(served.url).bookId(LONG_MS))!);
  expect(() => book.pin(other.log.bookId)).toThrow();
  expect(await right.charge(chargeRequestOf("k"), LONG_MS)).toMatchObject({ outcome: "approved" });

  await expect(wrong.charge(chargeRequestOf("k"), LONG_MS)).rejects.toThrow(NothingCharged);
  const refund = { key: "k/r", chargeKey: "k", amountMinor: 1n, currency: "USD", paymentMethodId: null };
  for (
    const call of [
      () => wrong.findCharge("k", LONG_MS),
      () => wrong.voidKey("k", LONG_MS),
      () => wrong.completeChallenge("k", "123456", LONG_MS),
      () => wrong.refund(refund, LONG_MS),
    ]
  ) {
    const error = await call().catch((error) => error);
    expect(error).toBeInstanceOf(ProviderTimeout);
    expect(error).not.toBeInstanceOf(NothingCharged);
  }
  expect([...other.log.all()]).toEqual([]);
  expect(events).toEqual(["other"]);
  expect(await right.findCharge("k", LONG_MS)).toMatchObject({ outcome: "approved" });
  expect(events).toEqual(["other", "back"]);
  const response = await fetch(`${other.url}/charges`, { headers: { [BOOK_HEADER]: book.id! } });
  expect({ status: response.status, code: (await response.json()).error.code })
    .toEqual({ status: 421, code: "other_book" });
});

Deno.test("a book's id is as old as the book, and statements are read in few requests", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const ids = [1, 2].map(() => {
      const log = new ChargeLog(`${directory}/charges.sqlite`);
      log.close();
      return log.bookId;
    });
    const other = new ChargeLog(`${directory}/other.sqlite`);
    other.close();
    expect(ids[1]).toBe(ids[0]);
    expect(other.bookId).not.toBe(ids[0]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  await using served = serveProviders(new ManualClock(0));
  const provider = served.providers.get(PROFILE.name)!;
  const names = Array.from({ length: 250 }, (_, i) => ({ provider: PROFILE.name, key: `k${i}` }));
  await Promise.all(names.slice(0, 249).map(({ key }) => provider.charge(chargeRequestOf(key), LONG_MS)));
  const process = new ProvidersProcess(served.url);
  const statements = await process.readStatements(names, served.log.bookId);
  expect(statements.map((statement) => statement?.reply.outcome)).toEqual([
    ...names.slice(1).map(() => "approved"),
    undefined,
  ]);
  await expect(process.readStatements(names, "book_other")).rejects.toThrow(ProviderTimeout);
});
