import { DomainError } from "../../core/errors.ts";
import type { EntryPosition } from "./read_entries.ts";

/** Opaque to callers: where the page ended, and of which question, so that it is not used with another. */
export function encodeCursor({ atMicros, transferId }: EntryPosition, question: string): string {
  const text = JSON.stringify([atMicros, transferId, question]);
  return new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true });
}

export function decodeCursor(cursor: string, question: string): EntryPosition {
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
    const [atMicros, transferId, asked] = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (
      Number.isSafeInteger(atMicros) && /^[A-Za-z0-9_.:|-]{1,200}$/.test(transferId) && asked === question
    ) {
      return { atMicros, transferId };
    }
  } catch {
    // Said below.
  }
  throw new DomainError("invalid_arguments", "The cursor is not one that this question was answered with.", {
    field: "cursor",
    nextMove:
      "Send next_cursor of the last page with all other arguments unchanged, or leave it out to begin anew.",
  });
}
