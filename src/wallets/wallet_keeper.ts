import { expireTransfers } from "./approve_transfer.ts";
import { completeTopUps } from "./top_up_wallet.ts";
import type { WalletService } from "./wallet_service.ts";

/** A round under way when the server stops gets this long; what it leaves, the next start finishes. */
const STOP_MAX_MS = 2_000;

/** Drives what no client waits for to its end, again and again: held transfers that expire, top-ups in doubt. */
export class WalletKeeper {
  readonly #service: WalletService;
  readonly #intervalMs: number;
  readonly #onError: (error: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(service: WalletService, intervalMs: number, onError: (error: unknown) => void) {
    this.#service = service;
    this.#intervalMs = intervalMs;
    this.#onError = onError;
  }

  start(): void {
    this.#running = this.#round().finally(() => {
      if (!this.#stopped) this.#timer = setTimeout(() => this.start(), this.#intervalMs);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enough = new Promise<void>((resolve) => timer = setTimeout(resolve, STOP_MAX_MS));
    await Promise.race([this.#running, enough]);
    clearTimeout(timer);
  }

  async #round(): Promise<void> {
    try {
      await expireTransfers(this.#service);
      await completeTopUps(this.#service);
    } catch (error) {
      // Once stopped, the connections are closed under a round that did not end in time.
      if (!this.#stopped) this.#onError(error);
    }
  }
}
