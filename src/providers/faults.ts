import { unitHash } from "./decide_charge.ts";

/** What goes wrong at one provider by order, on top of its profile. */
export interface ProviderFaults {
  /** Added to every call. */
  readonly latencyMs: number;
  /** Share of charges that the provider refuses. */
  readonly errorRate: number;
  /** Share of charges and refunds that are carried out and whose reply never arrives. */
  readonly replyLossRate: number;
  /** `refusing` answers that it is out of service; `silent` answers nothing and does nothing. */
  readonly outage: "none" | "refusing" | "silent";
}

export const NO_FAULTS: ProviderFaults = { latencyMs: 0, errorRate: 0, replyLossRate: 0, outage: "none" };

/** The faults ordered at present, by provider. */
export class FaultPlan {
  readonly #byProvider = new Map<string, ProviderFaults>();

  of(provider: string): ProviderFaults {
    return this.#byProvider.get(provider) ?? NO_FAULTS;
  }

  /** Changes what is named and leaves the rest as it is. */
  change(provider: string, change: Partial<ProviderFaults>): ProviderFaults {
    const faults = { ...this.of(provider), ...change };
    this.#byProvider.set(provider, faults);
    return faults;
  }
}

/** Whether a charge is hit: fixed by its key, so that a run can be repeated. */
export function isHit(rate: number, key: string, fault: "error" | "reply loss" | "planned"): boolean {
  return rate > 0 && unitHash(key, fault) < rate;
}
