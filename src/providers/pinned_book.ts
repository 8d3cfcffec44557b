/** What became of the providers in the eyes of a call. */
export interface BookEvents {
  /** Another book answers where the pinned one did: told once, until the pinned one is back. */
  other(): void;
  back(): void;
}

/**
 * Whose charges this server's payments are about: the id of the providers' book, known once their process has shown
 * that it remembers them. Every call names it from then on, and a process with another book refuses before it does
 * anything. Until it is known nothing is asked at all.
 */
export class PinnedBook {
  readonly #events: BookEvents;
  #id: string | null = null;
  #isOther = false;

  constructor(events: BookEvents = { other: () => {}, back: () => {} }) {
    this.#events = events;
  }

  /** Null until it is known. */
  get id(): string | null {
    return this.#id;
  }

  /** Once and for all: a server whose book changed would take its charges for never made. */
  pin(id: string): void {
    if (this.#id !== null && this.#id !== id) throw new Error(`The book ${this.#id} is pinned, not ${id}`);
    this.#id = id;
  }

  /** What a call has just met. */
  met(book: "pinned" | "other"): void {
    if (this.#isOther === (book === "other")) return;
    this.#isOther = book === "other";
    if (this.#isOther) this.#events.other();
    else this.#events.back();
  }
}
