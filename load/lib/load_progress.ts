/**
 * Turns the three lines k6 prints each second into one: a bar that redraws itself on a terminal, a line at each
 * fifth elsewhere. On stderr, as stdout belongs to the result.
 */
export class LoadProgress {
  readonly #label: string;
  readonly #plannedMs: number;
  readonly #onTerminal: boolean;
  readonly #encoder = new TextEncoder();
  #nextFifth = 1;

  constructor(label: string, plannedMs: number, onTerminal = Deno.stderr.isTerminal()) {
    this.#label = label;
    this.#plannedMs = plannedMs;
    this.#onTerminal = onTerminal;
  }

  /** Takes any line of k6's output; all but the running total are passed over. */
  onLine(line: string): void {
    const match = /^running \((?:(\d+)h)?(?:(\d+)m)?([\d.]+)s\), (\d+)\/\d+ VUs, (\d+) complete/.exec(line);
    if (!match) return;
    const elapsedMs = Number(match[1] ?? 0) * 3_600_000 + Number(match[2] ?? 0) * 60_000 +
      Number(match[3]) * 1000;
    const share = Math.min(1, elapsedMs / this.#plannedMs);
    const seconds = `${Math.round(elapsedMs / 1000)}/${Math.round(this.#plannedMs / 1000)}s`;
    const figures = `${Math.round(share * 100)}% | ${seconds} | ${match[5]} payments | ${
      Number(match[4])
    } waiting`;
    if (this.#onTerminal) {
      const filled = Math.round(share * BAR_CHARS);
      const bar = "█".repeat(filled) + "░".repeat(BAR_CHARS - filled);
      this.#write(`\r${this.#label.padEnd(LABEL_CHARS)} ${bar} ${figures}   `);
    } else if (share >= this.#nextFifth / 5) {
      this.#nextFifth = Math.floor(share * 5) + 1;
      this.#write(`${this.#label.padEnd(LABEL_CHARS)} ${figures}\n`);
    }
  }

  stop(): void {
    if (this.#onTerminal) this.#write("\n");
  }

  #write(text: string): void {
    Deno.stderr.writeSync(this.#encoder.encode(text));
  }
}

const BAR_CHARS = 30;
const LABEL_CHARS = 28;
