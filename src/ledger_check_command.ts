/**
 * `deno task ledger:check`: each invariant with its count of violations; exit code 1 on any. The providers' own book is
 * held against ours as well: the one at PROVIDERS_URL where that is set, else the one in DATA_DIR.
 */
import { readConfig } from "./config.ts";
import { runCheckCommand } from "./db/check_command.ts";
import type { Sql } from "./db/pool.ts";
import { checkLedger } from "./ledger/check_ledger.ts";
import { OperatorError } from "./core/run_command.ts";
import { askForKnownCharges } from "./payments/ask_for_known_charges.ts";
import { type BooksResult, type ChargesBook, compareCharges } from "./payments/compare_charges.ts";
import { ChargeLog, chargeLogPath } from "./providers/charge_log.ts";
import { ProviderTimeout } from "./providers/provider.ts";
import { ProvidersProcess } from "./providers/providers_process.ts";
import { otherBookFault, readStoredBook } from "./payments/stored_book.ts";

async function printInvariants(sql: Sql): Promise<boolean> {
  const book = await openBook(sql);
  const results: BooksResult[] = await checkLedger(sql);
  if (book === null) {
    console.error("The providers' book is not here: captures and refunds are not held against it.");
  } else {
    try {
      results.push(...await compareCharges(sql, book.charges));
    } catch (error) {
      if (!(error instanceof ProviderTimeout)) throw error;
      throw noBookError(book.from, error);
    } finally {
      book.close();
    }
  }
  const width = Math.max(...results.map(({ name }) => name.length));
  for (const { name, about, violations, examples } of results) {
    console.log(
      `${violations === 0 ? "ok  " : "FAIL"} ${name.padEnd(width)} ${
        String(violations).padStart(8)
      }  ${about}`,
    );
    for (const example of examples) console.log(`       ${example}`);
  }
  const broken = results.filter(({ violations }) => violations > 0).length;
  console.log(
    broken === 0
      ? `${results.length} invariants hold.`
      : `${broken} of ${results.length} invariants are broken.`,
  );
  return broken === 0;
}

/** The providers' book; null where there is none to be found. Throws where it should be there and is not. */
async function openBook(sql: Sql): Promise<{ charges: ChargesBook; from: string; close(): void } | null> {
  const { providersUrl, providersBook, dataDirectory } = readConfig((variable) => Deno.env.get(variable));
  if (providersUrl !== null) {
    const providers = new ProvidersProcess(providersUrl);
    const known = await askForKnownCharges(sql, providers);
    if (known.answer === "unknown") {
      // Each row would disagree, which says nothing about any of them.
      throw new OperatorError(
        "providers_are_others",
        `The providers at PROVIDERS_URL ${providersUrl} do not know ${known.about}: theirs is another book, ` +
          `${known.bookId}. Nothing was checked. Start \`deno task providers\` with the DATA_DIR that this database's ` +
          "charges are in, or unset PROVIDERS_URL to check against the book in DATA_DIR.",
      );
    }
    if (known.answer === "known") {
      const stored = await readStoredBook(sql);
      const { bookId: answered } = known;
      const fault = otherBookFault({ providersUrl, asked: providersBook, stored, answered });
      if (fault !== null) throw new OperatorError("providers_are_others", `${fault} Nothing was checked.`);
    }
    const charges = await providers.readBook().catch((error) => {
      throw noBookError(providersUrl, error);
    });
    return { charges, from: providersUrl, close: () => {} };
  }
  const path = chargeLogPath(dataDirectory);
  if (!await exists(path)) return null;
  const log = new ChargeLog(path);
  return { charges: log, from: path, close: () => log.close() };
}

function noBookError(from: string, error: unknown): OperatorError {
  const { message, cause } = error as Error;
  return new OperatorError(
    "providers_book_unreadable",
    `The providers' book at PROVIDERS_URL ${from} cannot be read: ${message}${
      cause instanceof Error ? ` (${cause.message})` : ""
    }. Start ` +
      "`deno task providers`, or unset PROVIDERS_URL to check the ledger alone.",
  );
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

if (import.meta.main) await runCheckCommand("ledger:check", printInvariants);
