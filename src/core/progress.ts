import cliProgress from "cli-progress";

/** Progress of one long piece of work; `update` takes the units done so far. */
export interface Progress {
  update(done: number): void;
  /** All of it is done. */
  stop(): void;
  /** It ends here, with what was done so far. */
  abandon(): void;
}

/**
 * A bar on a terminal, one line at each fifth elsewhere. Always on stderr: stdout belongs to results, and under
 * `--stdio` to the protocol.
 */
export function startProgress(label: string, total: number, unit: string): Progress {
  if (drawnElsewhere !== null) return drawnElsewhere(label, total, unit);
  if (!Deno.stderr.isTerminal()) return new LineProgress(label, total, unit);
  const bar = new cliProgress.SingleBar({
    format: `${label.padEnd(28)} {bar} {percentage}% | {value}/{total} ${unit} | {duration_formatted}`,
    hideCursor: true,
    barsize: 30,
  }, cliProgress.Presets.shades_classic);
  bar.start(total, 0);
  return {
    update: (done) => bar.update(Math.min(done, total)),
    stop: () => {
      bar.update(total);
      bar.stop();
    },
    abandon: () => bar.stop(),
  };
}

let drawnElsewhere: typeof startProgress | null = null;

/** For a thread beside the one that draws: what is started here from now on is `start`ed there. */
export function drawProgressElsewhere(start: typeof startProgress): void {
  drawnElsewhere = start;
}

class LineProgress implements Progress {
  readonly #encoder = new TextEncoder();
  readonly #startedMs = performance.now();
  #nextFifth = 1;
  constructor(readonly label: string, readonly total: number, readonly unit: string) {}

  update(done: number): void {
    while (this.#nextFifth <= 5 && done >= (this.total * this.#nextFifth) / 5) {
      const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
      const line = `${this.label.padEnd(28)} ${this.#nextFifth * 20}% | ${
        Math.round(done)
      }/${this.total} ${this.unit} | ${seconds}s\n`;
      Deno.stderr.writeSync(this.#encoder.encode(line));
      this.#nextFifth++;
    }
  }

  stop(): void {
    this.update(this.total);
  }

  abandon(): void {}
}
