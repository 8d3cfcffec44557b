/**
 * The first call for an idempotency key, while it runs in this process: later ones with the same key wait for its
 * answer instead of queueing for the database. Between processes the key's row in the database does the same.
 */
export class FirstCalls<Answer> {
  readonly #running = new Map<string, { requestHash: string; answer: Promise<Answer> }>();

  /**
   * Runs `first`, unless a call with this key is running: then waits for that one and gives its answer to `replay`.
   * A running call with another hash gets `reused`, which throws.
   */
  async run<Result extends { readonly answer: Answer }>(call: {
    key: string;
    requestHash: string;
    first: () => Promise<Result>;
    replay: (answer: Answer) => Result;
    reused: () => never;
  }): Promise<Result> {
    for (;;) {
      const running = this.#running.get(call.key);
      if (running === undefined) break;
      if (running.requestHash !== call.requestHash) call.reused();
      const answer = await running.answer.catch(() => null);
      // The first call failed without an outcome: this one is the first now, or waits for the one that is.
      if (answer !== null) return call.replay(answer);
    }
    const result = call.first();
    const answer = result.then((created) => created.answer);
    answer.catch(() => {});
    this.#running.set(call.key, { requestHash: call.requestHash, answer });
    try {
      return await result;
    } finally {
      this.#running.delete(call.key);
    }
  }
}
