import { z } from "zod";
import { BOOK_HEADER, OTHER_BOOK_STATUS } from "./book_id.ts";
import type { CapturedCharge, ChargeName } from "./captured_charge.ts";
import { type ChargeStatement, ProviderTimeout } from "./provider.ts";
import { chargeStatement, STATEMENTS_MAX, StatementsMessage } from "./provider_wire.ts";

/** How long the whole list may take: a world's history has some hundred thousand lines. */
const BOOK_TIMEOUT_MS = 120_000;
const STATEMENTS_TIMEOUT_MS = 10_000;

/** The providers' own account of their charges, at one moment and anew. */
export interface ProvidersBook {
  /** As it was listed; null where the provider never finished a charge for the key. */
  statement(provider: string, key: string): ChargeStatement | null;
  /** As they are now, in the order asked for. */
  statementsNow(charges: readonly ChargeName[]): Promise<(ChargeStatement | null)[]>;
  /** All that were captured, as they were listed. */
  captured(): Iterable<CapturedCharge>;
}

/** The providers as a process of their own (`deno task providers`), besides its single charges. */
export class ProvidersProcess {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url.replace(/\/$/, "");
  }

  /** The id of the book it remembers in; null where it does not answer. */
  async bookId(timeoutMs: number): Promise<string | null> {
    try {
      const response = await fetch(`${this.#url}/book`, { signal: AbortSignal.timeout(timeoutMs) });
      return BookMessage.parse(await response.json()).book_id;
    } catch {
      return null;
    }
  }

  /**
   * What it remembers of these charges, in their order, with few requests.
   *
   * @param bookId of the book that must be asked; any when left out
   * @throws {@link ProviderTimeout} where it does not answer, or remembers in another book
   */
  async readStatements(
    charges: readonly ChargeName[],
    bookId?: string,
  ): Promise<(ChargeStatement | null)[]> {
    const found: (ChargeStatement | null)[] = [];
    for (let from = 0; from < charges.length; from += STATEMENTS_MAX) {
      found.push(...await this.#statements(charges.slice(from, from + STATEMENTS_MAX), bookId));
    }
    return found;
  }

  async #statements(charges: readonly ChargeName[], bookId?: string): Promise<(ChargeStatement | null)[]> {
    try {
      const response = await fetch(`${this.#url}/book/statements`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(bookId === undefined ? {} : { [BOOK_HEADER]: bookId }),
        },
        body: JSON.stringify({ charges: charges.map(({ provider, key }) => ({ provider, key })) }),
        signal: AbortSignal.timeout(STATEMENTS_TIMEOUT_MS),
      });
      const text = await response.text();
      if (response.status === OTHER_BOOK_STATUS) throw new Error("another book is there by now");
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      const { statements } = StatementsMessage.parse(JSON.parse(text));
      if (statements.length !== charges.length) throw new Error(`${statements.length} of ${charges.length}`);
      return statements.map((statement) => statement && chargeStatement(statement));
    } catch (error) {
      throw new ProviderTimeout(`POST /book/statements: ${(error as Error).message}`);
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
    return {
      statement: (provider, key) => listed.get(`${provider} ${key}`) ?? null,
      statementsNow: (charges) => this.readStatements(charges),
      captured: () => capturedOf(listed),
    };
  }
}

function* capturedOf(listed: ReadonlyMap<string, ChargeStatement>): Iterable<CapturedCharge> {
  for (const [name, { reply, amountMinor, currency, refundedMinor }] of listed) {
    if (reply.outcome !== "approved") continue;
    const space = name.indexOf(" ");
    yield {
      provider: name.slice(0, space),
      key: name.slice(space + 1),
      amountMinor,
      currency,
      refundedMinor,
    };
  }
}

const BookMessage = z.object({ book_id: z.string().min(1).max(100) });

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
