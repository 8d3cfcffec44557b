import { expect } from "expect";
import { assessTransfer } from "./assess_transfer.ts";
import { HOUR_MS, type JudgedPast, type JudgedTransfer, type PastTransfer } from "./past.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 12);

function past(otherId: string, amountUsd: number, hoursAgo: number, posted = true): PastTransfer {
  return { otherId: `wallet:${otherId}:USD`, amountUsd, atMs: NOW_MS - hoursAgo * HOUR_MS, posted };
}

/** Several wallets, each once. */
function from(names: string, amountUsd: number, hoursAgo: number): PastTransfer[] {
  return [...names].map((name) => past(name, amountUsd, hoursAgo));
}

interface Case {
  readonly amountUsd: number;
  readonly sent?: PastTransfer[];
  readonly received?: PastTransfer[];
  readonly byReceiver?: PastTransfer[];
  readonly toKind?: JudgedTransfer["toKind"];
}

/** From `me` to `you`. */
function assess({ amountUsd, sent = [], received = [], byReceiver = [], toKind = "wallet" }: Case) {
  const judged: JudgedPast = { sender: { sent, received }, receiver: { sent: [], received: byReceiver } };
  return assessTransfer(
    { fromId: "wallet:me:USD", toId: "wallet:you:USD", toKind, amountUsd, atMs: NOW_MS },
    judged,
  );
}

/** A payee of old, so that nothing but the pattern itself speaks. */
const KNOWN = past("you", 10, 60 * 24);

const PATTERNS: readonly [
  pattern: string,
  found: Case,
  evidence: Record<string, number>,
  notFound: readonly Case[],
][] = [
  ["new_payee", { amountUsd: 500, sent: [past("other", 10, 50)] }, {
    transfers_looked_at: 1,
    amount_usd: 500,
  }, [
    { amountUsd: 500, sent: [KNOWN] },
    { amountUsd: 500, toKind: "merchant" },
  ]],
  ["fan_in", { amountUsd: 300, sent: [KNOWN], byReceiver: from("abc", 300, 2) }, {
    new_senders: 4,
    total_usd: 1_200,
    window_hours: 24,
    earlier_senders: 0,
  }, [
    { amountUsd: 300, sent: [KNOWN], byReceiver: from("ab", 300, 2) }, // three senders
    { amountUsd: 20, sent: [KNOWN], byReceiver: from("abc", 20, 2) }, // a gift
    { amountUsd: 300, sent: [KNOWN], byReceiver: from("abc", 300, 25) }, // not within a day
    // Flatmates: they paid a month ago as well.
    { amountUsd: 300, sent: [KNOWN], byReceiver: [...from("abc", 300, 2), ...from("abc", 300, 720)] },
  ]],
  ["fan_out", { amountUsd: 300, sent: from("abc", 300, 3) }, {
    new_payees: 4,
    total_usd: 1_200,
    window_hours: 24,
    earlier_payees: 0,
  }, [
    { amountUsd: 300, sent: from("ab", 300, 3) },
    { amountUsd: 100, sent: from("abc", 100, 3) },
    { amountUsd: 300, sent: [...from("abc", 300, 3), KNOWN] },
  ]],
  ["pass_through", { amountUsd: 900, sent: [KNOWN], received: from("ab", 500, 1) }, {
    received_usd: 1_000,
    forwarded_usd: 900,
    share: 0.9,
    minutes_since_last_received: 60,
    senders: 2,
  }, [
    { amountUsd: 600, sent: [KNOWN], received: from("ab", 500, 1) }, // keeps two fifths
    { amountUsd: 1_300, sent: [KNOWN], received: from("ab", 500, 1) }, // spends its own
    { amountUsd: 900, sent: [KNOWN], received: from("ab", 500, 30) }, // a day later
    { amountUsd: 900, sent: [KNOWN], received: [past("you", 1_000, 1)] }, // gives it back
    { amountUsd: 900, sent: [KNOWN], received: [past("a", 1_000, 1, false)] }, // it never arrived
  ]],
  ["structuring", { amountUsd: 980, sent: [past("you", 950, 30), past("b", 990, 10), KNOWN] }, {
    transfers_below_limit: 3,
    limit_usd: 1_000,
    total_usd: 2_920,
    window_hours: 72,
  }, [
    { amountUsd: 980, sent: [past("you", 950, 30), KNOWN] }, // twice
    { amountUsd: 1_000, sent: [past("you", 950, 30), past("b", 990, 10), KNOWN] }, // at the limit
    { amountUsd: 980, sent: [past("you", 850, 30), past("b", 880, 10), KNOWN] }, // far below it
    { amountUsd: 980, sent: [past("you", 950, 80), past("b", 990, 75), KNOWN] }, // not within days
  ]],
];

Deno.test("each mule pattern is found with the figures it rests on, and not in what only looks like it", async (t) => {
  for (const [pattern, found, evidence, notFound] of PATTERNS) {
    await t.step(pattern, () => {
      const names = (one: Case) => assess(one).patterns.map((hit) => hit.pattern);
      expect(assess(found).patterns.find((hit) => hit.pattern === pattern)).toMatchObject({ evidence });
      for (const one of notFound) expect(names(one)).not.toContain(pattern);
    });
  }
});

Deno.test("one weak sign approves, a strong one holds for a person, two strong ones refuse", () => {
  const cases: [decision: string, transfer: Case][] = [
    ["approve", { amountUsd: 5_000 }], // a new payee
    ["approve", { amountUsd: 900, sent: [KNOWN], received: from("ab", 500, 1) }], // an allowance passed on
    ["hold", { amountUsd: 900, received: from("ab", 500, 1) }], // the same, to somebody new
    ["hold", { amountUsd: 300, byReceiver: from("abc", 300, 2) }],
    ["refuse", { amountUsd: 900, received: from("ab", 500, 1), byReceiver: from("abcd", 300, 2) }],
  ];
  for (const [decision, transfer] of cases) {
    const { score, patterns, decision: found } = assess(transfer);
    expect({ decision: found, score, patterns }).toMatchObject({ decision });
  }
});

Deno.test("what comes later is not looked at", () => {
  const now = { amountUsd: 300, sent: [KNOWN], byReceiver: from("ab", 300, 2) };
  expect(assess({ ...now, byReceiver: [...from("cdefg", 300, -1), ...now.byReceiver] }).patterns).toEqual(
    assess(now).patterns,
  );
});
