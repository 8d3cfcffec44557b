import { z } from "zod";
import { ACQUIRER_PROFILES } from "./acquirer_profiles.ts";
import type { ChargeStatement } from "./provider.ts";
import { RemoteProvider } from "./remote_provider.ts";

/** How long the whole list may take: a world's history has some hundred thousand lines. */
const BOOK_TIMEOUT_MS = 120_000;
const STATEMENT_TIMEOUT_MS = 10_000;

/** The providers' own account of their charges, at one moment and anew. */
export interface ProvidersBook {
  /** As it was listed; null where the provider never finished a charge for the key. */
  statement(provider: string, key: string): ChargeStatement | null;
  /** As it is now. */
  statementNow(provider: string, key: string): Promise<ChargeStatement | null>;
}

/** The providers as a process of their own (`deno task providers`), besides its single charges. */
export class ProvidersProcess {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url.replace(/\/$/, "");
  }

  /** Whether it answers. */
  async isUp(timeoutMs: number): Promise<boolean> {
    try {
      const response = await fetch(`${this.#url}/healthz`, { signal: AbortSignal.timeout(timeoutMs) });
      await response.body?.cancel();
      return response.status === 200;
    } catch {
      return false;
    }
  }

  /** What `GET /charges` lists. Throws where it does not answer, or with something else. */
  async readBook(): Promise<ProvidersBook> {
    const response = await fetch(`${this.#url}/charges`, { signal: AbortSignal.timeout(BOOK_TIMEOUT_MS) });
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      throw new Error(`GET /charges answers ${response.status}`);
    }
    const listed = new Map<string, ChargeStatement>();
    for await (const line of linesOf(response.body)) {
      const { provider, key, ...record } = ChargeLineMessage.parse(JSON.parse(line));
      listed.set(`${provider} ${key}`, statementOf(record));
    }
    const providers = new Map(
      ACQUIRER_PROFILES.map((profile) => [profile.name, new RemoteProvider(profile, this.#url)]),
    );
    return {
      statement: (provider, key) => listed.get(`${provider} ${key}`) ?? null,
      statementNow: (provider, key) => providers.get(provider)!.readStatement(key, STATEMENT_TIMEOUT_MS),
    };
  }
}

/** What a line of the list must have for us. */
const ChargeLineMessage = z.object({
  provider: z.string(),
  key: z.string(),
  charge_id: z.string().nullable(),
  amount_minor: z.int(),
  currency: z.string(),
  state: z.enum(["captured", "declined", "refused", "voided", "action_required"]),
  refunded_minor: z.int(),
  created_at: z.string(),
});

/** Of a key that was not captured no more is told than that. */
function statementOf(line: Omit<z.infer<typeof ChargeLineMessage>, "provider" | "key">): ChargeStatement {
  return {
    reply: line.state === "captured"
      ? { outcome: "approved", chargeId: line.charge_id! }
      : { outcome: "voided" },
    amountMinor: BigInt(line.amount_minor),
    currency: line.currency,
    refundedMinor: BigInt(line.refunded_minor),
    createdAtMs: Date.parse(line.created_at),
  };
}

async function* linesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncIterable<string> {
  let rest = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
