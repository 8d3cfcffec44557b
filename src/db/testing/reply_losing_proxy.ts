/**
 * Stands between a program and its PostgreSQL: what the program sends arrives, and on order no reply comes back until
 * the connections are cut. So a commit can be made whose sender never hears of it.
 */
export class ReplyLosingProxy {
  readonly url: string;
  readonly #listener: Deno.Listener;
  readonly #target: URL;
  readonly #open = new Set<Deno.Conn>();
  #loses = false;
  /** From when on, in what the program sends. */
  #from: string | null = null;

  constructor(targetUrl: string) {
    this.#target = new URL(targetUrl);
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const url = new URL(targetUrl);
    url.hostname = "127.0.0.1";
    url.port = String((this.#listener.addr as Deno.NetAddr).port);
    this.url = url.href;
    this.#accept().catch(() => {});
  }

  /** From now on, or from the moment the program sends this text. */
  loseReplies(from: string | null = null): void {
    this.#loses = from === null;
    this.#from = from;
  }

  /** Ends every connection; those opened from now on get their replies. */
  cut(): void {
    this.#loses = false;
    this.#from = null;
    for (const connection of this.#open) {
      try {
        connection.close();
      } catch { /* its stream has closed it */ }
    }
    this.#open.clear();
  }

  close(): void {
    this.#listener.close();
    this.cut();
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      const far = await Deno.connect({
        hostname: this.#target.hostname,
        port: Number(this.#target.port),
      });
      this.#open.add(near).add(far);
      const watched = new TransformStream<Uint8Array, Uint8Array>({
        transform: (bytes, controller) => {
          if (this.#from !== null && new TextDecoder().decode(bytes).includes(this.#from)) this.loseReplies();
          controller.enqueue(bytes);
        },
      });
      near.readable.pipeThrough(watched).pipeTo(far.writable).catch(() => {});
      const kept = new TransformStream<Uint8Array, Uint8Array>({
        transform: (bytes, controller) => {
          if (!this.#loses) controller.enqueue(bytes);
        },
      });
      far.readable.pipeThrough(kept).pipeTo(near.writable).catch(() => {});
    }
  }
}
