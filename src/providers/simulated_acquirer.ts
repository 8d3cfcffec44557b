import type { Clock } from "../core/clock.ts";
import type { AcquirerProfile } from "./acquirer_profiles.ts";
import type { ChargeLog, ChargeRecord } from "./charge_log.ts";
import { chargeLatencyMs, decideCharge } from "./decide_charge.ts";
import type { DeclineCode } from "./decline_codes.ts";
import { FaultPlan, isHit } from "./faults.ts";
import { acquirerFeeMinor } from "./fee_schedule.ts";
import { plannedRefusalShare } from "./outage_schedule.ts";
import {
  type ChargeReply,
  type ChargeRequest,
  type ChargeStatement,
  type ChargeTerms,
  type Provider,
  ProviderTimeout,
  type RefundReply,
  type RefundRequest,
} from "./provider.ts";
import { chargeIdOf } from "./provider_ids.ts";
import { CHALLENGE_ANSWER, type TestEffect, testPaymentMethod } from "./test_payment_methods.ts";
import type { ChargeEvent } from "./webhook_event.ts";

export interface AcquirerOptions {
  readonly profile: AcquirerProfile;
  readonly log: ChargeLog;
  readonly clock: Clock;
  /** 1 for the profile's latency, 0 for none. */
  readonly latencyScale: number;
  readonly faults?: FaultPlan;
  /** Told of what happened to a charge: the webhooks' source. */
  readonly onEvent?: (event: ChargeEvent) => void;
}

/**
 * A simulated acquirer. Its side of a charge runs to its end whether or not the caller still waits: a reply that
 * comes too late is lost, the charge is not.
 */
export class SimulatedAcquirer implements Provider {
  readonly name: string;
  readonly threeDSecure: boolean;
  readonly #profile: AcquirerProfile;
  readonly #log: ChargeLog;
  readonly #clock: Clock;
  readonly #latencyScale: number;
  readonly #faults: FaultPlan;
  readonly #onEvent: (event: ChargeEvent) => void;
  #lookUps = 0;

  constructor({ profile, log, clock, latencyScale, faults, onEvent }: AcquirerOptions) {
    this.name = profile.name;
    this.threeDSecure = profile.threeDSecure;
    this.#profile = profile;
    this.#log = log;
    this.#clock = clock;
    this.#latencyScale = latencyScale;
    this.#faults = faults ?? new FaultPlan();
    this.#onEvent = onEvent ?? (() => {});
  }

  charge(request: ChargeRequest, timeoutMs: number): Promise<ChargeReply> {
    const effect = testPaymentMethod(request.paymentMethodId)?.effect;
    const faults = this.#faults.of(this.name);
    const what = `${this.name} charge`;
    if (effect?.kind === "timeout" || faults.outage === "silent") return within(never(), timeoutMs, what);
    const done = this.#chargeOnce(request, effect);
    const lost = effect?.kind === "reply_lost" || isHit(faults.replyLossRate, request.key, "reply loss");
    return within(lost ? done.then(never) : done, timeoutMs, what);
  }

  completeChallenge(key: string, answer: string, timeoutMs: number): Promise<ChargeReply | null> {
    return this.#ask("challenge", key, timeoutMs, async () => {
      const pending = this.#log.pendingChallenge(this.name, key);
      if (pending === undefined) return this.#log.find(this.name, key);
      const code = answer === CHALLENGE_ANSWER ? pending.code : "authentication_failed";
      const reply = await this.#log.settleChallenge(this.name, key, {
        state: code === null ? "captured" : "declined",
        chargeId: code === null ? chargeIdOf(this.name, key) : null,
        code,
      });
      this.#tell(key, reply!);
      return reply;
    });
  }

  findCharge(key: string, timeoutMs: number): Promise<ChargeReply | null> {
    return this.#ask("look-up", key, timeoutMs, () => this.#log.find(this.name, key));
  }

  readStatement(key: string, timeoutMs: number): Promise<ChargeStatement | null> {
    return this.#ask("statement", key, timeoutMs, () => this.#log.statement(this.name, key));
  }

  voidKey(key: string, timeoutMs: number): Promise<ChargeReply> {
    const tombstone: ChargeRecord = {
      provider: this.name,
      key,
      chargeId: null,
      amountMinor: 0n,
      currency: "",
      state: "voided",
      code: null,
      createdAtMs: this.#clock.nowMs(),
    };
    return this.#ask("void", key, timeoutMs, () => this.#log.record(tombstone));
  }

  refund(request: RefundRequest, timeoutMs: number): Promise<RefundReply> {
    const effect = testPaymentMethod(request.paymentMethodId ?? "")?.effect;
    const { replyLossRate } = this.#faults.of(this.name);
    // The first reply only: a repeated refund is a question, and the answer to it arrives.
    return this.#ask("refund", request.key, timeoutMs, async () => {
      const lost = !this.#log.hasRefund(this.name, request.key) &&
        (effect?.kind === "refund_reply_lost" || isHit(replyLossRate, request.key, "reply loss"));
      const reply = await this.#log.refund(this.name, request, this.#clock.nowMs());
      return lost ? never() : reply;
    });
  }

  feeMinor(terms: ChargeTerms): bigint {
    return acquirerFeeMinor(this.#profile, terms);
  }

  async #chargeOnce(request: ChargeRequest, effect: TestEffect | undefined): Promise<ChargeReply> {
    await this.#take(
      effect?.kind === "slow" ? effect.latencyMs : chargeLatencyMs(this.#profile, request.key),
    );
    const reply = await this.#log.record({
      provider: this.name,
      key: request.key,
      amountMinor: request.amountMinor,
      currency: request.currency,
      createdAtMs: this.#clock.nowMs(),
      chargeId: null,
      code: null,
      ...this.#decide(request, effect),
    });
    this.#tell(request.key, reply);
    if (effect?.kind === "dispute" && reply.outcome === "approved") {
      this.#onEvent({
        provider: this.name,
        key: request.key,
        type: "charge.disputed",
        chargeId: reply.chargeId,
      });
    }
    return reply;
  }

  #decide(
    request: ChargeRequest,
    effect: TestEffect | undefined,
  ): Partial<ChargeRecord> & { state: ChargeRecord["state"] } {
    const { key } = request;
    const faults = this.#faults.of(this.name);
    const approved = { state: "captured", chargeId: chargeIdOf(this.name, key) } as const;
    const declined = (code: DeclineCode) => ({ state: "declined", code }) as const;
    const unavailable = { state: "refused", code: "provider_unavailable" } as const;
    if (faults.outage === "refusing") return unavailable;
    if (isHit(faults.errorRate, key, "error")) return { state: "refused", code: "provider_error" };
    switch (effect?.kind) {
      case undefined: {
        const { plannedOutages } = this.#profile;
        if (isHit(plannedRefusalShare(plannedOutages, request.occurredAtMs), key, "planned")) {
          return unavailable;
        }
        const decision = decideCharge(this.#profile, request);
        if (request.mandateChallenge) {
          return this.#profile.threeDSecure
            ? { state: "action_required", code: decision.outcome === "approved" ? null : decision.code }
            : declined("authentication_required");
        }
        return decision.outcome === "approved" ? approved : declined(decision.code);
      }
      case "decline":
        return declined(effect.code);
      case "decline_first":
        return request.chargeNumber === 1 ? declined(effect.code) : approved;
      case "refuse_first":
      case "refuse":
        return effect.kind === "refuse" || request.chargeNumber === 1
          ? { state: "refused", code: "provider_error" }
          : approved;
      case "reply_lost":
        return effect.code === null ? approved : declined(effect.code);
      case "frictionless":
      case "challenge":
        if (!this.#profile.threeDSecure) return declined("authentication_required");
        return effect.kind === "frictionless"
          ? { ...approved, authentication: "frictionless" }
          : { state: "action_required", code: effect.code };
      case "approve":
      case "slow":
      case "dispute":
      case "refund_reply_lost":
      case "refund_review":
      case "refund_refused":
      case "timeout":
        return approved;
    }
  }

  #tell(key: string, reply: ChargeReply): void {
    this.#onEvent({
      provider: this.name,
      key,
      type: `charge.${reply.outcome}`,
      chargeId: reply.outcome === "approved" ? reply.chargeId : null,
    });
  }

  /** A look-up takes its own time, another each time: a slow one says nothing about the next. */
  #ask<Reply>(
    what: string,
    key: string,
    timeoutMs: number,
    answer: () => Reply | Promise<Reply>,
  ): Promise<Reply> {
    const name = `${this.name} ${what}`;
    const { outage } = this.#faults.of(this.name);
    if (outage === "silent") return within(never(), timeoutMs, name);
    if (outage === "refusing") return Promise.reject(new ProviderTimeout(`${name}: out of service`));
    const latencyMs = chargeLatencyMs(this.#profile, `look-up ${++this.#lookUps}/${key}`);
    return within(this.#take(latencyMs * LOOK_UP_LATENCY_SHARE).then(answer), timeoutMs, name);
  }

  #take(latencyMs: number): Promise<void> {
    const totalMs = latencyMs * this.#latencyScale + this.#faults.of(this.name).latencyMs;
    if (totalMs === 0) return Promise.resolve();
    return new Promise((resolve) => setTimeout(resolve, totalMs));
  }
}

/** A promise of its own each time: a shared one would collect every waiter for ever. */
function never(): Promise<never> {
  return new Promise(() => {});
}

/** Of a charge's latency: a look-up asks the acquirer only, not the card's issuer. */
const LOOK_UP_LATENCY_SHARE = 0.4;

function within<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new ProviderTimeout(`${what}: no reply in ${timeoutMs} ms`)),
      timeoutMs,
    );
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
