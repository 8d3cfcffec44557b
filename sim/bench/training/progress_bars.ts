import cliProgress from "cli-progress";
import { type Progress, startProgress } from "../../../src/core/progress.ts";

const FORMAT = "{label} {bar} {percentage}% | {value}/{total} {unit} | {seconds}s";

interface Bar {
  readonly label: string;
  readonly total: number;
  readonly unit: string;
  readonly startedMs: number;
  value: number;
  drawn: { update(value: number, payload: object): void } | null;
}

/**
 * Progress of several pieces of work at once: on a terminal a bar below the other, each gone into a line above them when
 * it ends; elsewhere the lines of {@link startProgress}.
 */
export class ProgressBars {
  readonly #running = new Set<Bar>();
  #drawing: { stop(): void } | null = null;

  start(label: string, total: number, unit: string): Progress {
    if (!Deno.stderr.isTerminal()) return startProgress(label, total, unit);
    const bar: Bar = { label, total, unit, startedMs: performance.now(), value: 0, drawn: null };
    this.aside(() => this.#running.add(bar));
    const end = (lastLine: () => void) =>
      this.aside(() => {
        this.#running.delete(bar);
        lastLine();
      });
    return {
      update: (done) => {
        bar.value = Math.min(done, total);
        bar.drawn?.update(bar.value, payloadOf(bar));
      },
      stop: () =>
        end(() => console.error(`${label.padEnd(28)} ${total}/${total} ${unit} | ${secondsOf(bar)}s`)),
      abandon: () => end(() => {}),
    };
  }

  /** Takes the bars away, lets `print` print where they stood, and draws them anew below that. */
  aside(print: () => void): void {
    this.#drawing?.stop();
    this.#drawing = null;
    print();
    if (this.#running.size === 0) return;
    const bars = new cliProgress.MultiBar(
      { format: FORMAT, hideCursor: true, barsize: 30, clearOnComplete: true },
      cliProgress.Presets.shades_classic,
    );
    for (const bar of this.#running) bar.drawn = bars.create(bar.total, bar.value, payloadOf(bar));
    this.#drawing = bars;
  }
}

function payloadOf(bar: Bar): object {
  return { label: bar.label.padEnd(28), unit: bar.unit, seconds: secondsOf(bar) };
}

function secondsOf({ startedMs }: Bar): string {
  return ((performance.now() - startedMs) / 1000).toFixed(1);
}
