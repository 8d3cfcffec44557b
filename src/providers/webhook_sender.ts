import { toRfc3339 } from "../core/clock.ts";
import type { Clock } from "../core/clock.ts";
import { unitHash } from "./decide_charge.ts";
import { type ChargeEvent, eventIdOf } from "./webhook_event.ts";
import { SIGNATURE_HEADER, signWebhook } from "../core/webhook_signature.ts";

export interface WebhookSenderOptions {
  /** The provider's name is added: `http://127.0.0.1:8000/webhooks` is called as `…/webhooks/northbank`. */
  readonly url: string;
  readonly secret: string;
  readonly clock: Clock;
  /** Multiplies every delay: 1 as below, 0 for at once. */
  readonly delayScale: number;
}

/** Deliveries that wait for their time; beyond it new ones are dropped, as a hint may be. */
const WAITING_MAX = 20_000;
const TRIES_MAX = 3;
const ANSWER_TIMEOUT_MS = 5_000;
const RETRY_AFTER_MS = 2_000;

/**
 * Delivers webhooks as providers do: each some time later, one in five late, one in ten twice, and so out of order.
 * All of it is fixed by the event. What waits is lost with the process: the receiver must not depend on it.
 */
export class WebhookSender {
  readonly #options: WebhookSenderOptions;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #underWay = new Set<Promise<void>>();
  #closed = false;

  constructor(options: WebhookSenderOptions) {
    this.#options = options;
  }

  send(event: ChargeEvent): void {
    const eventId = eventIdOf(event);
    for (const delayMs of deliveryDelaysMs(event, eventId)) this.#later(delayMs, event, eventId, 1);
  }

  /** Drops what waits, and lets what is on the wire end. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.allSettled(this.#underWay);
  }

  #later(delayMs: number, event: ChargeEvent, eventId: string, tries: number): void {
    if (this.#closed || this.#timers.size >= WAITING_MAX) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const delivery = this.#deliver(event, eventId, tries);
      this.#underWay.add(delivery);
      delivery.finally(() => this.#underWay.delete(delivery));
    }, delayMs * this.#options.delayScale);
    this.#timers.add(timer);
  }

  async #deliver(event: ChargeEvent, eventId: string, tries: number): Promise<void> {
    const { url, secret, clock } = this.#options;
    const body = JSON.stringify({
      id: eventId,
      type: event.type,
      provider: event.provider,
      key: event.key,
      charge_id: event.chargeId,
      sent_at: toRfc3339(clock.nowMs()),
    });
    try {
      const response = await fetch(`${url}/${event.provider}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          [SIGNATURE_HEADER]: signWebhook(secret, body, clock.nowMs()),
        },
        body,
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      await response.body?.cancel();
      // A refusal will not change; a server that is starting will.
      if (response.status < 500) return;
    } catch {
      // Nobody listens, or not in time.
    }
    if (tries < TRIES_MAX) this.#later(RETRY_AFTER_MS * 2 ** tries, event, eventId, tries + 1);
  }
}

const DISPUTED_AFTER_MS = 5_000;

/** When an event is delivered, in ms after it happened: once or twice, early or late. */
export function deliveryDelaysMs({ type }: Pick<ChargeEvent, "type">, eventId: string): number[] {
  const roll = unitHash(eventId, "delay");
  const late = unitHash(eventId, "late") < 0.2;
  const first = (type === "charge.disputed" ? DISPUTED_AFTER_MS : 0) +
    (late ? 1_000 + 8_000 * roll : 100 + 400 * roll);
  return unitHash(eventId, "twice") < 0.1 ? [first, first * (0.5 + 2 * unitHash(eventId, "again"))] : [first];
}
