import { expect } from "expect";
import { ManualClock } from "../core/clock.ts";
import { ACQUIRER_PROFILES } from "./acquirer_profiles.ts";
import { ChargeLog } from "./charge_log.ts";
import { FaultPlan } from "./faults.ts";
import { ProviderTimeout } from "./provider.ts";
import { SimulatedAcquirer } from "./simulated_acquirer.ts";
import { chargeRequestOf } from "./testing/charge_request_of.ts";
import type { ChargeEvent } from "./webhook_event.ts";

const [PROFILE] = ACQUIRER_PROFILES;
const LONG_MS = 60_000;

function acquirer(path = ":memory:", profile = PROFILE) {
  const log = new ChargeLog(path);
  const faults = new FaultPlan();
  const events: ChargeEvent[] = [];
  const provider = new SimulatedAcquirer({
    profile,
    log,
    clock: new ManualClock(0),
    latencyScale: 0,
    faults,
    onEvent: (event) => events.push(event),
  });
  return { log, faults, events, provider };
}

Deno.test("the log is read by another process's handle while it is written, and outlives both", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/charges.sqlite`;
  const { log, provider } = acquirer(path);
  const first = await provider.charge(chargeRequestOf("a"), LONG_MS);
  const reader = new ChargeLog(path);
  expect(reader.find(PROFILE.name, "a")).toEqual(first);
  await provider.charge(chargeRequestOf("b"), LONG_MS);
  expect([...reader.all()].map(({ key }) => key)).toEqual(["a", "b"]);
  reader.close();
  log.close();
  const again = acquirer(path);
  expect(await again.provider.charge(chargeRequestOf("a"), LONG_MS)).toEqual(first);
  again.log.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a charge that arrives after the provider has shut down fails and takes nothing with it", async () => {
  const { log, provider } = acquirer();
  log.close();
  await expect(provider.charge(chargeRequestOf("late"), LONG_MS)).rejects.toThrow();
});

Deno.test("an ordered error rate and reply loss hit about their share of charges, the same ones each time", async () => {
  const { log, faults, provider } = acquirer();
  faults.change(PROFILE.name, { errorRate: 0.3 });
  const refused = async (round: string) => {
    const replies = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => provider.charge(chargeRequestOf(`${round}/${i}`), LONG_MS)),
    );
    return replies.filter(({ outcome }) => outcome === "refused").length;
  };
  const first = await refused("e");
  expect(Math.abs(first - 300)).toBeLessThan(75); // five standard deviations
  expect(await refused("e")).toBe(first);
  faults.change(PROFILE.name, { errorRate: 0, replyLossRate: 0.2 });
  const lost = (await Promise.allSettled(
    Array.from({ length: 500 }, (_, i) => provider.charge(chargeRequestOf(`l/${i}`), 60)),
  )).filter(({ status }) => status === "rejected").length;
  expect(Math.abs(lost - 100)).toBeLessThan(45);
  // Every lost reply is of a charge that was made.
  expect([...log.all()].filter(({ key, state }) => key.startsWith("l/") && state === "captured").length).toBe(
    500,
  );
  log.close();
});

Deno.test("an ordered latency holds up each call to its provider, and to no other", async () => {
  const { log, faults, provider } = acquirer();
  const other = new SimulatedAcquirer({
    profile: ACQUIRER_PROFILES[1],
    log,
    clock: new ManualClock(0),
    latencyScale: 0,
    faults,
  });
  const answered: string[] = [];
  const note = (what: string) => () => void answered.push(what);
  faults.change(PROFILE.name, { latencyMs: 150 });
  const startedMs = performance.now();
  await Promise.all([
    provider.charge(chargeRequestOf("slow"), LONG_MS).then(note("charge")),
    other.charge(chargeRequestOf("fast"), LONG_MS).then(note("the other provider")),
  ]);
  await provider.findCharge("slow", LONG_MS).then(note("look-up"));
  // A timer may be a millisecond early.
  expect(performance.now() - startedMs).toBeGreaterThan(295);
  expect(answered).toEqual(["the other provider", "charge", "look-up"]);
  faults.change(PROFILE.name, { latencyMs: 0 });
  expect(await provider.charge(chargeRequestOf("again"), LONG_MS)).toMatchObject({ outcome: "approved" });
  log.close();
});

Deno.test("a refusing provider refuses for good, a silent one does nothing, and both answer again afterwards", async () => {
  const { log, faults, provider } = acquirer();
  const refusal = { outcome: "refused", code: "provider_unavailable" };
  faults.change(PROFILE.name, { outage: "refusing" });
  expect(await provider.charge(chargeRequestOf("r"), LONG_MS)).toEqual(refusal);
  await expect(provider.findCharge("r", LONG_MS)).rejects.toThrow(ProviderTimeout);
  faults.change(PROFILE.name, { outage: "silent" });
  await expect(provider.charge(chargeRequestOf("s"), 20)).rejects.toThrow(ProviderTimeout);
  await expect(provider.voidKey("s", 20)).rejects.toThrow(ProviderTimeout);
  faults.change(PROFILE.name, { outage: "none" });
  // The key is spent: a repetition that comes late must not charge what has gone to another provider.
  expect(await provider.charge(chargeRequestOf("r"), LONG_MS)).toEqual(refusal);
  expect(await provider.findCharge("s", LONG_MS)).toBe(null);
  expect(await provider.charge(chargeRequestOf("s"), LONG_MS)).toMatchObject({ outcome: "approved" });
  log.close();
});

Deno.test("within its announced outage an acquirer refuses customers' cards, in a brown-out some, and no test methods", async () => {
  const northbank = acquirer();
  const sunday = Date.UTC(2026, 0, 11, 3, 30);
  const charge = (
    key: string,
    paymentMethodId: string,
    occurredAtMs: number,
    provider = northbank.provider,
  ) => provider.charge({ ...chargeRequestOf(key, paymentMethodId), occurredAtMs }, LONG_MS);
  expect(await charge("a", "pm_own", sunday)).toEqual({ outcome: "refused", code: "provider_unavailable" });
  expect((await charge("b", "pm_own", sunday + 3_600_000)).outcome).not.toBe("refused");
  expect(await charge("c", "pm_card_visa", sunday)).toMatchObject({ outcome: "approved" });
  northbank.log.close();

  const swift = acquirer(":memory:", ACQUIRER_PROFILES[1]);
  const tuesday = Date.UTC(2026, 0, 6, 18, 30);
  const replies = await Promise.all(
    Array.from({ length: 1_000 }, (_, i) => charge(`k${i}`, "pm_own", tuesday, swift.provider)),
  );
  expect(Math.abs(replies.filter(({ outcome }) => outcome === "refused").length - 400)).toBeLessThan(80);
  swift.log.close();
});

Deno.test("a provider without 3-D Secure declines what needs it, softly", async () => {
  const { log, provider } = acquirer(":memory:", ACQUIRER_PROFILES[1]);
  for (const method of ["pm_card_3ds_frictionless", "pm_card_3ds_challenge"]) {
    expect(await provider.charge(chargeRequestOf(method, method), LONG_MS)).toEqual({
      outcome: "declined",
      code: "authentication_required",
    });
  }
  log.close();
});

Deno.test("each end of a charge is told as an event, a dispute as one more", async () => {
  const { log, events, provider } = acquirer();
  for (
    const method of [
      "pm_card_visa",
      "pm_card_expired",
      "pm_card_refused",
      "pm_card_3ds_challenge",
      "pm_card_dispute",
    ]
  ) await provider.charge(chargeRequestOf(method, method), LONG_MS);
  await provider.completeChallenge("pm_card_3ds_challenge", "wrong", LONG_MS);
  expect(events.map(({ key, type }) => [key, type])).toEqual([
    ["pm_card_visa", "charge.approved"],
    ["pm_card_expired", "charge.declined"],
    ["pm_card_refused", "charge.refused"],
    ["pm_card_3ds_challenge", "charge.requires_action"],
    ["pm_card_dispute", "charge.approved"],
    ["pm_card_dispute", "charge.disputed"],
    ["pm_card_3ds_challenge", "charge.declined"],
  ]);
  log.close();
});
