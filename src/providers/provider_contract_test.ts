import { expect } from "expect";
import { ManualClock } from "../core/clock.ts";
import { ACQUIRER_PROFILES } from "./acquirer_profiles.ts";
import type { ChargeLog } from "./charge_log.ts";
import { type ChargeReply, type Provider, ProviderTimeout } from "./provider.ts";
import { RemoteProvider } from "./remote_provider.ts";
import { chargeRequestOf } from "./testing/charge_request_of.ts";
import { serveProviders } from "./testing/serve_providers.ts";
import { CHALLENGE_ANSWER, TEST_PAYMENT_METHODS } from "./test_payment_methods.ts";

const [PROFILE] = ACQUIRER_PROFILES;
const LONG_MS = 30_000;
const SHORT_MS = 60;

/** What every provider promises, in this process and over HTTP. Each clause gets a provider with an empty log. */
const CONTRACT: readonly [promise: string, check: (provider: Provider, log: ChargeLog) => Promise<void>][] = [
  ["one key is charged once, whoever asks how often", async (provider, log) => {
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => provider.charge(chargeRequestOf("k"), LONG_MS)),
    );
    for (const reply of replies) expect(reply).toEqual(replies[0]);
    // Also when the repeated request says something else: the key decides.
    expect(
      await provider.charge({ ...chargeRequestOf("k", "pm_card_declined"), amountMinor: 9n }, LONG_MS),
    ).toEqual(replies[0]);
    expect([...log.all()].map(({ amountMinor, state }) => [amountMinor, state])).toEqual([[
      1_000n,
      "captured",
    ]]);
  }],
  ["a voided key is never charged, and a charged one is not voided", async (provider) => {
    expect(await provider.findCharge("v", LONG_MS)).toBe(null);
    expect(await provider.voidKey("v", LONG_MS)).toEqual({ outcome: "voided" });
    expect(await provider.charge(chargeRequestOf("v"), LONG_MS)).toEqual({ outcome: "voided" });
    expect(await provider.findCharge("v", LONG_MS)).toEqual({ outcome: "voided" });
    const charged = await provider.charge(chargeRequestOf("c"), LONG_MS);
    expect(await provider.voidKey("c", LONG_MS)).toEqual(charged);
    const declined = await provider.charge(chargeRequestOf("d", "pm_card_declined"), LONG_MS);
    expect(await provider.voidKey("d", LONG_MS)).toEqual(declined);
    const refused = await provider.charge(chargeRequestOf("r", "pm_card_refused"), LONG_MS);
    expect(refused).toEqual({ outcome: "refused", code: "provider_error" });
    expect(await provider.voidKey("r", LONG_MS)).toEqual(refused);
  }],
  [
    "pm_card_timeout gives no reply and charges nothing; a lost reply charges all the same",
    async (provider) => {
      await expect(provider.charge(chargeRequestOf("t", "pm_card_timeout"), SHORT_MS)).rejects.toThrow(
        ProviderTimeout,
      );
      expect(await provider.findCharge("t", LONG_MS)).toBe(null);
      await expect(provider.charge(chargeRequestOf("l", "pm_card_charged_reply_lost"), SHORT_MS)).rejects
        .toThrow(
          ProviderTimeout,
        );
      expect(await provider.findCharge("l", LONG_MS)).toMatchObject({ outcome: "approved" });
      await expect(provider.charge(chargeRequestOf("m", "pm_card_declined_reply_lost"), SHORT_MS)).rejects
        .toThrow(
          ProviderTimeout,
        );
      expect(await provider.findCharge("m", LONG_MS)).toEqual({
        outcome: "declined",
        code: "generic_decline",
      });
    },
  ],
  [
    "a statement says what was charged and what was given back, and a look-up the same outcome",
    async (provider) => {
      expect(await provider.readStatement("s", LONG_MS)).toBe(null);
      const reply = await provider.charge(chargeRequestOf("s"), LONG_MS);
      const refund = {
        key: "s/r",
        chargeKey: "s",
        amountMinor: 250n,
        currency: "USD",
        paymentMethodId: null,
      };
      expect(await provider.refund(refund, LONG_MS)).toMatchObject({ outcome: "refunded" });
      expect(await provider.readStatement("s", LONG_MS)).toEqual({
        reply,
        amountMinor: 1_000n,
        currency: "USD",
        refundedMinor: 250n,
        createdAtMs: 0,
      });
      expect(await provider.findCharge("s", LONG_MS)).toEqual(reply);
    },
  ],
  ["never more is given back than was charged, also when raced, and once for a key", async (provider) => {
    await provider.charge(chargeRequestOf("f"), LONG_MS);
    const refund = (key: string, amountMinor: bigint, change = {}) =>
      provider.refund(
        { key, chargeKey: "f", amountMinor, currency: "USD", paymentMethodId: null, ...change },
        LONG_MS,
      );
    const replies = await Promise.all(Array.from({ length: 30 }, (_, i) => refund(`f/${i}`, 100n)));
    expect(replies.filter(({ outcome }) => outcome === "refunded").length).toBe(10);
    expect(replies.filter(({ outcome }) => outcome === "refused")).toEqual(
      Array(20).fill({ outcome: "refused", code: "exceeds_charge" }),
    );
    for (let i = 0; i < 30; i += 7) expect(await refund(`f/${i}`, 100n)).toEqual(replies[i]);
    expect((await provider.readStatement("f", LONG_MS))!.refundedMinor).toBe(1_000n);
    expect(await refund("g", 1n, { chargeKey: "none" })).toEqual({
      outcome: "refused",
      code: "no_such_charge",
    });
    await provider.charge(chargeRequestOf("h"), LONG_MS);
    expect(await refund("h/1", 1n, { chargeKey: "h", currency: "EUR" })).toEqual({
      outcome: "refused",
      code: "other_currency",
    });
  }],
  ["a challenge is asked for, ends once, and charges only when it is passed", async (provider) => {
    const ask = async (key: string, method = "pm_card_3ds_challenge") => {
      const reply = await provider.charge(chargeRequestOf(key, method), LONG_MS);
      expect(reply).toEqual({ outcome: "requires_action", challengeId: expect.stringMatching(/^chl_/) });
      expect(await provider.findCharge(key, LONG_MS)).toEqual(reply);
    };
    await ask("p");
    const passed = await provider.completeChallenge("p", CHALLENGE_ANSWER, LONG_MS);
    expect(passed).toMatchObject({ outcome: "approved", authentication: "challenged" });
    expect(await provider.completeChallenge("p", "wrong", LONG_MS)).toEqual(passed);
    expect(await provider.charge(chargeRequestOf("p", "pm_card_3ds_challenge"), LONG_MS)).toEqual(passed);
    await ask("w");
    const failed: ChargeReply = { outcome: "declined", code: "authentication_failed" };
    expect(await provider.completeChallenge("w", "wrong", LONG_MS)).toEqual(failed);
    expect(await provider.completeChallenge("w", CHALLENGE_ANSWER, LONG_MS)).toEqual(failed);
    await ask("n", "pm_card_3ds_challenge_declined");
    expect(await provider.completeChallenge("n", CHALLENGE_ANSWER, LONG_MS)).toEqual({
      outcome: "declined",
      code: "insufficient_funds",
    });
    // Given up: the challenge ends with the void.
    await ask("x");
    expect(await provider.voidKey("x", LONG_MS)).toEqual({ outcome: "voided" });
    expect(await provider.completeChallenge("x", CHALLENGE_ANSWER, LONG_MS)).toEqual({ outcome: "voided" });
    expect(await provider.completeChallenge("never seen", CHALLENGE_ANSWER, LONG_MS)).toBe(null);
  }],
  ["a challenge that the merchant insists on comes before the issuer's word", async (provider) => {
    const mandated = (key: string) => ({ ...chargeRequestOf(key, "pm_own_card"), mandateChallenge: true });
    const outcomes: string[] = [];
    for (let i = 0; i < 40; i++) {
      expect(await provider.charge(mandated(`m${i}`), LONG_MS)).toMatchObject({ outcome: "requires_action" });
      outcomes.push((await provider.completeChallenge(`m${i}`, CHALLENGE_ANSWER, LONG_MS))!.outcome);
    }
    expect(new Set(outcomes)).toEqual(new Set(["approved", "declined"]));
    expect(await provider.charge(mandated("thief"), LONG_MS)).toMatchObject({ outcome: "requires_action" });
    expect(await provider.completeChallenge("thief", "000000", LONG_MS)).toEqual({
      outcome: "declined",
      code: "authentication_failed",
    });
  }],
  ["a refund whose reply is lost is made, and asked for again says so", async (provider) => {
    const method = "pm_card_refund_reply_lost";
    await provider.charge(chargeRequestOf("l", method), LONG_MS);
    const refund = {
      key: "l/r",
      chargeKey: "l",
      amountMinor: 400n,
      currency: "USD",
      paymentMethodId: method,
    };
    await expect(provider.refund(refund, SHORT_MS)).rejects.toThrow(ProviderTimeout);
    expect((await provider.readStatement("l", LONG_MS))!.refundedMinor).toBe(400n);
    expect(await provider.refund(refund, LONG_MS)).toMatchObject({ outcome: "refunded" });
    expect((await provider.readStatement("l", LONG_MS))!.refundedMinor).toBe(400n);
  }],
  ["every test method has an outcome at the first provider and at the second", async (provider) => {
    for (const [method, { effect }] of Object.entries(TEST_PAYMENT_METHODS)) {
      if (effect.kind === "timeout" || effect.kind === "reply_lost") continue;
      const at = async (chargeNumber: number) =>
        (await provider.charge(
          { ...chargeRequestOf(`${method}/${chargeNumber}`, method), chargeNumber },
          LONG_MS,
        ))
          .outcome;
      const [first, second] = OUTCOMES[effect.kind];
      expect([method, await at(1), await at(2)]).toEqual([method, first, second]);
    }
  }],
  ["keys and amounts arrive as they were sent", async (provider, log) => {
    const key = 'tenant/pay_ü"\\/ 2';
    await provider.charge(
      { ...chargeRequestOf(key), amountMinor: 999_999_999_999n, currency: "KWD" },
      LONG_MS,
    );
    expect([...log.all()]).toMatchObject([{
      key,
      amountMinor: 999_999_999_999n,
      currency: "KWD",
      state: "captured",
    }]);
  }],
];

const OUTCOMES = {
  approve: ["approved", "approved"],
  decline: ["declined", "declined"],
  decline_first: ["declined", "approved"],
  refuse_first: ["refused", "approved"],
  refuse: ["refused", "refused"],
  slow: ["approved", "approved"],
  dispute: ["approved", "approved"],
  refund_review: ["approved", "approved"],
  refund_refused: ["approved", "approved"],
  refund_reply_lost: ["approved", "approved"],
  frictionless: ["approved", "approved"],
  challenge: ["requires_action", "requires_action"],
} as const;

for (const transport of ["in this process", "over HTTP"] as const) {
  Deno.test(`a provider ${transport} keeps its promises`, async (t) => {
    for (const [promise, check] of CONTRACT) {
      await t.step(promise, async () => {
        await using served = serveProviders(new ManualClock(0));
        const provider = transport === "over HTTP"
          ? new RemoteProvider(PROFILE, served.url)
          : served.providers.get(PROFILE.name)!;
        await check(provider, served.log);
      });
    }
  });
}

Deno.test("over HTTP only a well-formed answer counts: anything else leaves the outcome unknown", async () => {
  const answers: (() => Response)[] = [
    () => new Response("bad gateway", { status: 502 }),
    () => Response.json({ error: {} }, { status: 503 }),
    () => new Response("<html>", { status: 200 }),
    () => Response.json({ reply: { outcome: "surely" } }),
    () => Response.json({ reply: { outcome: "declined", code: "made_up" } }),
    () => Response.json({ reply: null }),
  ];
  let answer: () => Response;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => answer());
  const provider = new RemoteProvider(PROFILE, `http://127.0.0.1:${server.addr.port}`);
  for (answer of answers) {
    await expect(provider.charge(chargeRequestOf("k"), LONG_MS)).rejects.toThrow(ProviderTimeout);
  }
  await server.shutdown();
  await expect(provider.charge(chargeRequestOf("k"), LONG_MS)).rejects.toThrow(ProviderTimeout);
});

Deno.test("GET /charges lists every key as a JSON line, POST /faults changes one provider or all", async () => {
  await using served = serveProviders(new ManualClock(0));
  const [one, two] = ACQUIRER_PROFILES.map((profile) => new RemoteProvider(profile, served.url));
  const { chargeId } = await one.charge(chargeRequestOf("a"), LONG_MS) as { chargeId: string };
  await two.charge(chargeRequestOf("b", "pm_card_expired"), LONG_MS);
  await two.voidKey("c", LONG_MS);
  await one.refund(
    { key: "a/r", chargeKey: "a", amountMinor: 400n, currency: "USD", paymentMethodId: null },
    LONG_MS,
  );
  const lines = (await (await fetch(`${served.url}/charges`)).text()).trimEnd().split("\n");
  const created_at = "1970-01-01T00:00:00.000Z";
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      provider: one.name,
      key: "a",
      charge_id: chargeId,
      amount: "10.00",
      amount_minor: 1_000,
      currency: "USD",
      state: "captured",
      code: null,
      refunded_minor: 400,
      created_at,
    },
    {
      provider: two.name,
      key: "b",
      charge_id: null,
      amount: "10.00",
      amount_minor: 1_000,
      currency: "USD",
      state: "declined",
      code: "expired_card",
      refunded_minor: 0,
      created_at,
    },
    {
      provider: two.name,
      key: "c",
      charge_id: null,
      amount: null,
      amount_minor: 0,
      currency: "",
      state: "voided",
      code: null,
      refunded_minor: 0,
      created_at,
    },
  ]);

  const order = async (body: unknown) => {
    const response = await fetch(`${served.url}/faults`, { method: "POST", body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  expect((await order({ provider: one.name, outage: true })).body[one.name].outage).toBe("refusing");
  expect(await one.charge(chargeRequestOf("d"), LONG_MS)).toMatchObject({ outcome: "refused" });
  expect(await two.charge(chargeRequestOf("d"), LONG_MS)).toMatchObject({ outcome: "approved" });
  const all = await order({ error_rate: 1, outage: false });
  expect(Object.values(all.body)).toEqual(
    ACQUIRER_PROFILES.map(() => ({ latency_ms: 0, error_rate: 1, reply_loss: 0, outage: "none" })),
  );
  expect(await two.charge(chargeRequestOf("e"), LONG_MS)).toMatchObject({
    outcome: "refused",
    code: "provider_error",
  });
  for (
    const [body, code] of [
      [{ provider: "nobank", outage: true }, "unknown_provider"],
      [{ reply_loss: 2 }, "invalid_body"],
      [{ latency: 5 }, "invalid_body"],
    ] as const
  ) expect((await order(body)).body).toMatchObject({ error: { code } });
  for (
    const [text, code, message] of [
      ["outage=true", "invalid_json", "The body is not JSON. Send a JSON object"],
      ["", "invalid_json", "The body is not JSON."],
      ["[]", "invalid_body", "The body does not fit: expected object, received array."],
      [
        '{"error_rate":"1"}',
        "invalid_body",
        '"error_rate" in the body does not fit: expected number, received string.',
      ],
      [`{"provider":"${"x".repeat(70_000)}"}`, "body_too_large", "A request body is at most 65536 bytes."],
    ] as const
  ) {
    for (const path of ["faults", "book/statements", `providers/${one.name}/charges`]) {
      if (path !== "faults" && text.includes("error_rate")) continue;
      const response = await fetch(`${served.url}/${path}`, { method: "POST", body: text });
      expect(response.status).toBe(code === "body_too_large" ? 413 : 400);
      const { error } = await response.json();
      expect(error.code).toBe(code);
      expect(error.message).toContain(message);
    }
  }
});
