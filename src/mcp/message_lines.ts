/** As over HTTP: more than any call needs, and little enough to be held. */
export const LINE_MAX_BYTES = 1024 * 1024;

const NEWLINE = 0x0a;

/**
 * Cuts what comes over standard input into lines. A line that is longer than {@link LINE_MAX_BYTES} is told as `null`
 * once it has ended, and not kept; an empty one is nothing.
 */
export class MessageLines {
  readonly #onLine: (line: Uint8Array | null) => void;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(onLine: (line: Uint8Array | null) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      this.end();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** What came last is a line, also where no newline followed. */
  end(): void {
    const parts = this.#parts;
    const bytes = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    if (bytes > LINE_MAX_BYTES) return this.#onLine(null);
    if (bytes === 0) return;
    const line = new Uint8Array(bytes);
    let offset = 0;
    for (const part of parts) {
      line.set(part, offset);
      offset += part.byteLength;
    }
    if (line.some((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0d)) this.#onLine(line);
  }

  #keep(part: Uint8Array): void {
    this.#bytes += part.byteLength;
    if (this.#bytes > LINE_MAX_BYTES) this.#parts = [];
    else if (part.byteLength > 0) this.#parts.push(part.slice());
  }
}
