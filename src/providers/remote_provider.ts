import type { z } from "zod";
import type { AcquirerProfile } from "./acquirer_profiles.ts";
import { BOOK_HEADER, OTHER_BOOK_STATUS } from "./book_id.ts";
import { acquirerFeeMinor } from "./fee_schedule.ts";
import type { PinnedBook } from "./pinned_book.ts";
import {
  type ChargeReply,
  type ChargeRequest,
  type ChargeStatement,
  type ChargeTerms,
  NothingCharged,
  type Provider,
  ProviderTimeout,
  type RefundReply,
  type RefundRequest,
} from "./provider.ts";
import {
  chargeMessage,
  chargeStatement,
  refundMessage,
  RefundReplyMessage,
  ReplyMessage,
  StatementMessage,
} from "./provider_wire.ts";

/**
 * A provider in another process (`deno task providers`). Only a well-formed answer says what happened: a broken
 * connection, another status or another text leave it unknown, like silence. That another book is there says that
 * this call charged nothing, and of what an earlier one did it says nothing.
 */
export class RemoteProvider implements Provider {
  readonly name: string;
  readonly threeDSecure: boolean;
  readonly #profile: AcquirerProfile;
  readonly #url: string;
  readonly #book: PinnedBook | null;

  /**
   * @param profile its name and its price list, which both sides of the contract hold
   * @param book whose charges every call is about; null where any will do
   */
  constructor(profile: AcquirerProfile, url: string, book: PinnedBook | null = null) {
    this.name = profile.name;
    this.threeDSecure = profile.threeDSecure;
    this.#profile = profile;
    this.#book = book;
    this.#url = `${url.replace(/\/$/, "")}/providers/${profile.name}`;
  }

  async charge(request: ChargeRequest, timeoutMs: number): Promise<ChargeReply> {
    return (await this.#call("charges", chargeMessage(request), ReplyMessage, timeoutMs))!;
  }

  completeChallenge(key: string, answer: string, timeoutMs: number): Promise<ChargeReply | null> {
    return this.#call("challenges", { key, answer }, ReplyMessage, timeoutMs);
  }

  async findCharge(key: string, timeoutMs: number): Promise<ChargeReply | null> {
    return (await this.readStatement(key, timeoutMs))?.reply ?? null;
  }

  async readStatement(key: string, timeoutMs: number): Promise<ChargeStatement | null> {
    const found = await this.#call("statements", { key }, StatementMessage, timeoutMs);
    return found && chargeStatement(found);
  }

  async voidKey(key: string, timeoutMs: number): Promise<ChargeReply> {
    return (await this.#call("voids", { key }, ReplyMessage, timeoutMs))!;
  }

  async refund(request: RefundRequest, timeoutMs: number): Promise<RefundReply> {
    return (await this.#call("refunds", refundMessage(request), RefundReplyMessage, timeoutMs))!;
  }

  feeMinor(terms: ChargeTerms): bigint {
    return acquirerFeeMinor(this.#profile, terms);
  }

  async #call<Schema extends z.ZodType>(
    path: "charges" | "challenges" | "statements" | "voids" | "refunds",
    message: Record<string, unknown>,
    schema: Schema,
    timeoutMs: number,
  ): Promise<z.infer<Schema> | null> {
    const unknown = (why: string) => new ProviderTimeout(`${this.name} ${path}: ${why}`);
    const bookId = this.#book?.id;
    // Whoever is there may be a stranger: nothing is asked until it is known.
    if (bookId === null) throw unknown("nobody has shown yet that they remember this database's charges");
    let text: string;
    try {
      const response = await fetch(`${this.#url}/${path}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(bookId === undefined ? {} : { [BOOK_HEADER]: bookId }),
        },
        body: JSON.stringify(message),
        signal: AbortSignal.timeout(timeoutMs),
      });
      text = await response.text();
      if (response.status === OTHER_BOOK_STATUS) {
        this.#book?.met("other");
        const why = `${this.name} ${path}: another book is at ${this.#url}`;
        throw path === "charges" ? new NothingCharged(why) : new ProviderTimeout(why);
      }
      if (response.status !== 200) throw unknown(`status ${response.status}`);
    } catch (error) {
      if (error instanceof ProviderTimeout) throw error;
      throw unknown(error instanceof DOMException ? `no reply in ${timeoutMs} ms` : String(error));
    }
    this.#book?.met("pinned");
    try {
      const { reply } = JSON.parse(text);
      // Only a find and a challenge may know nothing of a key.
      if (reply === null && (path === "statements" || path === "challenges")) return null;
      return schema.parse(reply);
    } catch {
      throw unknown("an answer that cannot be read");
    }
  }
}
