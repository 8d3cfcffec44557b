import { OperatorError } from "../../src/core/run_command.ts";

/** What became of a live stream's calls. */
export class LiveTally {
  readonly #counts = new Map<string, number>();
  #frauds = 0;
  #caught = 0;
  #genuine = 0;
  #falseAlarms = 0;

  /** Of calls that came to nothing, how the first one ended. */
  firstFailure: string | null = null;

  /** Set once the server has refused the calls' times, all of which this client has to choose. */
  refused: OperatorError | null = null;

  refuse({ code, message, next_move }: { code: string; message: string; next_move: string }): void {
    this.refused = new OperatorError(
      code,
      `${message} The stream's payments have times of their own, so the token of --token needs the scope ` +
        `"simulate" beside "payments", and the server must not run with SIMULATED_TIME=off. It says: ${next_move}`,
    );
  }

  /** Whether each call came to nothing: there is nothing that a summary could be about. */
  get isWithoutAnswer(): boolean {
    const failures = [...this.#counts].filter(([what]) => /^(error|failed): /.test(what));
    return failures.length > 0 && failures.length === this.#counts.size;
  }

  fail(what: string): void {
    this.firstFailure ??= what;
    this.count(what);
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** One by card, of which the world knows the truth. */
  cardPayment(status: string, declinedBy: string | null, fraud: boolean): void {
    this.count(declinedBy === null ? status : `${status} by ${declinedBy}`);
    const byRisk = declinedBy === "risk";
    if (fraud) {
      this.#frauds++;
      if (byRisk) this.#caught++;
    } else {
      this.#genuine++;
      if (byRisk) this.#falseAlarms++;
    }
  }

  text(sent: number, seconds: number): string {
    const lines = [`${sent} calls in ${seconds.toFixed(1)} s, ${(sent / seconds).toFixed(1)} a second`];
    for (const [what, count] of [...this.#counts].sort((a, b) => b[1] - a[1])) {
      lines.push(`  ${what.padEnd(28)} ${count}`);
    }
    lines.push(
      `fraud screen against the truth: ${this.#caught} of ${this.#frauds} frauds by card declined, ` +
        `${this.#falseAlarms} of ${this.#genuine} genuine payments declined`,
    );
    return lines.join("\n");
  }
}
