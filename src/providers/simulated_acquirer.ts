import type { Clock } from "../core/clock.ts";
import { hash32 } from "../core/random.ts";
import { CURRENCIES } from "../core/money.ts";
import type { AcquirerProfile } from "./acquirer_profiles.ts";
import type { ChargeLog, ChargeRecord } from "./charge_log.ts";
import { chargeLatencyMs, decideCharge } from "./decide_charge.ts";
import { type ChargeReply, type ChargeRequest, type Provider, ProviderTimeout } from "./provider.ts";
import { testPaymentMethod } from "./test_payment_methods.ts";

/**
 * A simulated acquirer. Its side of a charge runs to its end whether or not the caller still waits: a reply that
 * comes too late is lost, the charge is not.
 */
export class SimulatedAcquirer implements Provider {
  readonly name: string;
  readonly #profile: AcquirerProfile;
  readonly #log: ChargeLog;
  readonly #clock: Clock;
  readonly #latencyScale: number;
  #lookUps = 0;

  /** @param latencyScale 1 for the profile's latency, 0 for none */
  constructor(profile: AcquirerProfile, log: ChargeLog, clock: Clock, latencyScale: number) {
    this.name = profile.name;
    this.#profile = profile;
    this.#log = log;
    this.#clock = clock;
    this.#latencyScale = latencyScale;
  }

  charge(request: ChargeRequest, timeoutMs: number): Promise<ChargeReply> {
    const effect = testPaymentMethod(request.paymentMethodId)?.effect;
    if (effect?.kind === "timeout") return within(new Promise(() => {}), timeoutMs, `${this.name} charge`);
    const done = this.#chargeOnce(request);
    if (effect?.kind === "reply_lost") {
      return within(done.then(() => new Promise(() => {})), timeoutMs, `${this.name} charge`);
    }
    return within(done, timeoutMs, `${this.name} charge`);
  }

  findCharge(key: string, timeoutMs: number): Promise<ChargeReply | null> {
    return within(
      this.#askAbout(key).then(() => this.#log.find(this.name, key)),
      timeoutMs,
      `${this.name} look-up`,
    );
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
    return within(
      this.#askAbout(key).then(() => this.#log.record(tombstone)),
      timeoutMs,
      `${this.name} void`,
    );
  }

  feeMinor(amountMinor: bigint, currency: string, crossBorder: boolean): bigint {
    return acquirerFeeMinor(this.#profile, amountMinor, currency, crossBorder);
  }

  async #chargeOnce(request: ChargeRequest): Promise<ChargeReply> {
    await this.#take(chargeLatencyMs(this.#profile, request.key));
    const effect = testPaymentMethod(request.paymentMethodId)?.effect;
    const decision = effect === undefined
      ? decideCharge(this.#profile, request)
      : effect.kind === "decline"
      ? { outcome: "declined" as const, code: effect.code }
      : { outcome: "approved" as const };
    return this.#log.record({
      provider: this.name,
      key: request.key,
      chargeId: decision.outcome === "approved" ? chargeIdOf(this.name, request.key) : null,
      amountMinor: request.amountMinor,
      currency: request.currency,
      state: decision.outcome === "approved" ? "captured" : "declined",
      code: decision.outcome === "declined" ? decision.code : null,
      createdAtMs: this.#clock.nowMs(),
    });
  }

  /** A look-up takes its own time, another each time: a slow one says nothing about the next. */
  #askAbout(key: string): Promise<void> {
    const latencyMs = chargeLatencyMs(this.#profile, `look-up ${++this.#lookUps}/${key}`);
    return this.#take(latencyMs * LOOK_UP_LATENCY_SHARE);
  }

  #take(latencyMs: number): Promise<void> {
    if (this.#latencyScale === 0) return Promise.resolve();
    return new Promise((resolve) => setTimeout(resolve, latencyMs * this.#latencyScale));
  }
}

/** Of a charge's latency: a look-up asks the acquirer only, not the card's issuer. */
const LOOK_UP_LATENCY_SHARE = 0.4;

/** A provider's charge id: like its own numbering, and the same in a repeated simulation. */
export function chargeIdOf(provider: string, key: string): string {
  const hex = (label: string) => hash32(`${label}/${provider}/${key}`).toString(16).padStart(8, "0");
  return `ch_${provider.slice(0, 2)}${hex("a")}${hex("b")}${hex("c")}`;
}

/** The fee for a captured amount, rounded up to the minor unit, never above the amount. */
export function acquirerFeeMinor(
  profile: AcquirerProfile,
  amountMinor: bigint,
  currency: string,
  crossBorder: boolean,
): bigint {
  const basisPoints = profile.feeBasisPoints + (crossBorder ? profile.crossBorderFeeBasisPoints : 0n);
  const variable = (amountMinor * basisPoints + 9_999n) / 10_000n;
  const feeMinor = variable + fixedFeeMinor(profile, currency);
  return feeMinor > amountMinor ? amountMinor : feeMinor;
}

function fixedFeeMinor(profile: AcquirerProfile, currency: string): bigint {
  // A price list's entry, rounded up once to the currency's minor unit; an integer from here on.
  const { exponent, referenceUsd } = CURRENCIES[currency];
  return BigInt(Math.ceil(((profile.fixedFeeUsdCents / 100) / referenceUsd) * 10 ** exponent));
}

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
