import { resolve } from "node:path";
import { type Config, ConfigError } from "./config.ts";
import { errorFields, type Log } from "./core/log.ts";
import type { TenantStatements } from "./db/tenant_pool.ts";
import { askForKnownCharges } from "./payments/ask_for_known_charges.ts";
import { PinnedBook } from "./providers/pinned_book.ts";
import { ProvidersProcess } from "./providers/providers_process.ts";
import { otherBookFault, readStoredBook, storeBook } from "./payments/stored_book.ts";

const ANSWER_TIMEOUT_MS = 1_000;
/** How often providers that have not shown their book yet are asked for it. */
const ASK_INTERVAL_MS = 1_000;

export const REASONS = {
  down: "the providers at PROVIDERS_URL do not answer: each charge ends in doubt until they do",
  unknown:
    "the providers at PROVIDERS_URL do not know the charges of this database: nothing is asked of them",
  other:
    "the providers at PROVIDERS_URL remember in another book than this server's: nothing is charged there",
} as const;

export interface ProvidersWatch {
  /** Why the server is ready for less than all; null where it is ready for all. */
  degradedBy(): Promise<string | null>;
  stop(): Promise<void>;
}

/** The book that every call to providers of another process names; null where the providers are in this one. */
export function bookToPin({ providersUrl }: Pick<Config, "providersUrl">, log: Log): PinnedBook | null {
  if (providersUrl === null) return null;
  return new PinnedBook({
    other: () =>
      log.error("providers_are_others", {
        url: providersUrl,
        nextMove:
          "Another book answers. Start deno task providers with the DATA_DIR it had when this server started.",
      }),
    back: () => log.info("providers_are_back", { url: providersUrl }),
  });
}

/**
 * Looks at providers of another process, and pins their book, with the database, once they have shown that they remember
 * its charges: from then on no server on this database takes another one, unless PROVIDERS_BOOK names it. Dead ones do not keep a server from starting, nor make it unready: what needs no charge goes on without them,
 * payments end as in doubt and are settled when they are back, and another server, which a balancer would turn to, has
 * the same providers. Ones that do not remember this database's charges do keep it from starting, by
 * {@link ConfigError}; where they come later, they are asked nothing until the right ones are there.
 *
 * @param statements every tenant's
 * @returns null where the providers are in this process
 */
export async function watchProviders(
  { providersUrl, providersBook, dataDirectory }: Pick<
    Config,
    "providersUrl" | "providersBook" | "dataDirectory"
  >,
  { statements, book, log, askIntervalMs = ASK_INTERVAL_MS }: {
    statements: TenantStatements;
    book: PinnedBook | null;
    log: Log;
    askIntervalMs?: number;
  },
): Promise<ProvidersWatch | null> {
  if (providersUrl === null || book === null) return null;
  const providers = new ProvidersProcess(providersUrl);
  /** Of ones that are not pinned: what was wrong with them when they were last asked. */
  let fault: "down" | "unknown" | "other" | null = null;
  const pin = async (): Promise<ConfigError | null> => {
    const known = await askForKnownCharges(statements, providers);
    const other = known.answer === "known" ? await storeUnlessOther(known.bookId) : null;
    // Of two that asked at once the first has pinned.
    if (book.id !== null) return null;
    if (known.answer === "known" && other === null) {
      book.pin(known.bookId);
      if (fault !== null) log.info("providers_up", { url: providersUrl, book: known.bookId });
      return null;
    }
    const before = fault;
    fault = known.answer === "none" ? "down" : known.answer === "unknown" ? "unknown" : "other";
    if (known.answer === "none") {
      if (before !== fault) {
        log.warn("providers_down", {
          url: providersUrl,
          nextMove: "Start deno task providers; until then each charge ends in doubt.",
        });
      }
      return null;
    }
    const strangers = new ConfigError(
      known.answer === "known"
        ? other!
        : `The providers at PROVIDERS_URL ${providersUrl} do not know ${known.about}. They remember in their own DATA_DIR: ` +
          "start `deno task providers` with the DATA_DIR that this database's world was loaded with (this server's is " +
          `${resolve(dataDirectory)}), or this server with the database that their charges are of.`,
      { code: "providers_are_others" },
    );
    if (before !== fault) log.error("providers_are_others", { error: strangers.message });
    return strangers;
  };
  /** Null where this database's charges are in the book that answered, from now on at least. */
  const storeUnlessOther = async (answered: string): Promise<string | null> => {
    const faultOf = (stored: string | null) =>
      otherBookFault({ providersUrl, asked: providersBook, stored, answered });
    return faultOf(await readStoredBook(statements)) ??
      faultOf(await storeBook(statements, answered, providersBook !== null));
  };
  const refusal = await pin();
  if (refusal !== null) throw refusal;

  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: Promise<unknown> = Promise.resolve();
  let isStopped = false;
  const askLater = () => {
    if (isStopped || book.id !== null) return;
    timer = setTimeout(() => {
      asking = pin().catch((error) => log.warn("providers_not_asked", errorFields(error))).finally(askLater);
    }, askIntervalMs);
  };
  askLater();

  let isDown = false;
  return {
    degradedBy: async () => {
      if (book.id === null) {
        await pin();
        return book.id === null ? REASONS[fault!] : null;
      }
      const bookId = await providers.bookId(ANSWER_TIMEOUT_MS);
      if (bookId === null) {
        if (!isDown) log.warn("providers_down", { url: providersUrl });
        isDown = true;
        return REASONS.down;
      }
      isDown = false;
      book.met(bookId === book.id ? "pinned" : "other");
      return bookId === book.id ? null : REASONS.other;
    },
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await asking;
    },
  };
}
