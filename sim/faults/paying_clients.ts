import { Random } from "../../src/core/random.ts";

/** An answer a client has seen: from then on it must be true for ever. */
export interface SeenAnswer {
  readonly key: string;
  readonly paymentId: string;
  readonly status: string;
  readonly amountMinor: number;
}

/**
 * What a payment of the default world may be paid with, and how often; all ways to go wrong are among them. A fourth is
 * charged and waits for a reply that never comes: those are what a crash could charge twice or forget.
 */
const WAYS: readonly [weight: number, way: Readonly<Record<string, string>>][] = [
  [30, { method: "card", payment_method_id: "pm_card_visa" }],
  [10, { method: "card" }],
  [10, { method: "card", payment_method_id: "pm_card_mastercard" }],
  [15, { method: "wallet" }],
  [6, { method: "card", payment_method_id: "pm_card_declined" }],
  [25, { method: "card", payment_method_id: "pm_card_charged_reply_lost" }],
  [4, { method: "card", payment_method_id: "pm_card_timeout" }],
];
const CUSTOMER_ID = "cust_123";

/**
 * Clients that pay one payment after another over MCP by plain fetch, each with a key of its own, until the server
 * is gone. So there are always as many calls in flight as there are clients.
 */
export class PayingClients {
  readonly seen: SeenAnswer[] = [];
  /** Calls without an answer, by key, with their arguments: what a client would repeat. */
  readonly unanswered = new Map<string, Readonly<Record<string, unknown>>>();
  readonly #endpoint: string;
  readonly #done: Promise<void>;
  #stopped = false;
  #onAnswer: () => void = () => {};

  constructor(baseUrl: string, clients: number, seed: number) {
    this.#endpoint = `${baseUrl}/mcp`;
    const random = new Random(seed);
    this.#done = Promise.all(
      Array.from({ length: clients }, (_, client) => this.#payOn(client, seed, random.fork(client))),
    ).then(() => {});
  }

  /** Resolves when this many answers have been seen. */
  async answered(count: number): Promise<void> {
    while (this.seen.length < count) await new Promise<void>((resolve) => this.#onAnswer = resolve);
  }

  /** No new calls; resolves when those under way have ended, by an answer or by the server's death. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #payOn(client: number, seed: number, random: Random): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      const key = `crash-${seed}-${client}-${turn}`;
      const [, way] = WAYS[random.weighted(WAYS.map(([weight]) => weight))];
      const call = {
        amount: (random.integer(50, way.method === "wallet" ? 300 : 20_000) / 100).toFixed(2),
        currency: "USD",
        customer_id: CUSTOMER_ID,
        device_id: `dev_crash_${random.integer(1, 50)}`,
        idempotency_key: key,
        ...way,
      };
      this.unanswered.set(key, call);
      let answer: SeenAnswer;
      try {
        answer = await callCreatePayment(this.#endpoint, call);
      } catch {
        return;
      }
      this.unanswered.delete(key);
      this.seen.push(answer);
      this.#onAnswer();
    }
  }
}

/** Throws where there is no answer; an error of the tool is a fault of this program. */
export async function callCreatePayment(
  endpoint: string,
  call: Readonly<Record<string, unknown>>,
): Promise<SeenAnswer> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "create_payment", arguments: call },
    }),
  });
  const { result } = await response.json();
  if (result?.isError !== undefined || result?.structuredContent === undefined) {
    throw new Error(`create_payment answered ${JSON.stringify(result)}`);
  }
  const { payment_id: paymentId, status, amount_minor: amountMinor } = result.structuredContent;
  return { key: String(call.idempotency_key), paymentId, status, amountMinor };
}
