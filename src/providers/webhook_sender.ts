import { toRfc3339 } from "../core/clock.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
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
  /** Told of each address once that it does not take webhooks, until it does again; `answer` is a status or a fault. */
  readonly onNotTaken?: (address: string, answer: string) => void;
}

/** An {@link WebhookSenderOptions.onNotTaken} that warns whoever runs the providers. */
export function warnOfNotTaken(log: Pick<Log, "warn">): (address: string, answer: string) => void {
  return (url, answer) =>
    log.warn("webhooks_not_taken", {
      url,
      answer,
      nextMove:
        "Look at WEBHOOK_URL and PROVIDER_WEBHOOK_SECRET on both sides. Disputes are told by webhooks alone.",
    });
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
  readonly #notTaking = new Set<string>();
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
    const address = `${url.replace(/\/+$/, "")}/${event.provider}`;
    try {
      const response = await fetch(address, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          [SIGNATURE_HEADER]: signWebhook(secret, body, clock.nowMs()),
        },
        body,
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (response.ok) this.#notTaking.delete(address);
      else this.#tellOnce(address, `status ${response.status}`);
      // A refusal will not change; a server that is starting will.
      if (response.status < 500) return;
    } catch (error) {
      // Nobody listens, or not in time.
      this.#tellOnce(address, String(error));
    }
    if (tries < TRIES_MAX) this.#later(RETRY_AFTER_MS * 2 ** tries, event, eventId, tries + 1);
  }

  #tellOnce(address: string, answer: string): void {
    if (this.#notTaking.has(address)) return;
    this.#notTaking.add(address);
    this.#options.onNotTaken?.(address, answer);
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
