import { type ApprovalBelief, ApprovalModel, type ContextCount } from "./approval_model.ts";
import { contextKey, contextOfKey, type RoutingContext } from "./routing_context.ts";

/** What one attempt at a provider taught. */
export interface RoutingOutcome {
  readonly provider: string;
  /** Null when the charge's outcome was ordered: it says nothing about issuers. */
  readonly context: RoutingContext | null;
  /** Whether the provider did its work in time, whatever the issuer said. */
  readonly answered: boolean;
  /** The issuer's word; null when it was not asked, or it is not known yet. */
  readonly approved: boolean | null;
}

/** Counts that fade: each further attempt of the tenant takes a little from all. */
export interface FadingCount {
  readonly provider: string;
  /** A context's key; {@link HEALTH} for the provider as a whole. */
  readonly context: string;
  readonly successes: number;
  readonly failures: number;
  /** The tenant's attempt at which the counts stand. */
  readonly atAttempt: number;
}

/** The context of the counts that tell whether a provider answers at all. */
export const HEALTH = "health";

/**
 * How much of a count is left after one more attempt of the tenant. Whether a provider answers is forgotten fast
 * (half in 34 attempts): an outage must show at once, and its end too. What its issuers approve is forgotten
 * slowly (half in 20,000 attempts): the differences are of a percent, and drift within weeks.
 */
export const FADING = { health: 0.98, approval: 0.5 ** (1 / 20_000) } as const;

/**
 * A provider is taken to answer until it has failed: without failures the belief is a certainty, so that who is
 * seldom chosen is not thought less of. After failures it is Beta(1 + successes, failures), which lets it be tried
 * again as they fade.
 */
const HEALTH_PRIOR_SUCCESSES = 1;
/** Failures that have faded below this are forgotten. */
const HEALTH_FAILURES_MIN = 0.05;
/** A provider's model is made anew after this many more outcomes, and this share of those it rests on. */
const REFIT_AFTER_MIN = 25;
const REFIT_AFTER_SHARE = 0.02;
/** Beta(successes, failures); a certainty without failures. */
export interface HealthBelief {
  readonly successes: number;
  readonly failures: number;
}

/** How fast the usual amount follows the tenant's payments. */
const USUAL_AMOUNT_WEIGHT = 0.002;

/** One tenant's experience with its providers, and what this process has added to it since it was last stored. */
export class RoutingStatistics {
  readonly #cells = new Map<string, Map<string, Cell>>();
  readonly #models = new Map<string, { model: ApprovalModel; staleBy: number; refitAfter: number }>();
  #attempts = 0;
  /** By provider: this process's attempts on their way, fading, so that one of which nothing is ever heard is forgotten. */
  readonly #inFlight = new Map<string, { attempts: number; atAttempt: number }>();
  /** Providers whose latest known attempt was not answered. */
  readonly #failing = new Set<string>();
  /** Of this process's own payments: replicas need not agree on it. */
  #usualAmountLn = 0;
  #amountsSeen = 0;
  /** What this process has learned since {@link takeLearned}. */
  #learned = new Map<string, FadingCount>();
  #learnedAttempts = 0;

  /** The tenant's attempts so far: the clock that counts fade by. */
  get attempts(): number {
    return this.#attempts;
  }

  /**
   * Whether so much money may be experimented with: what an experiment teaches does not depend on the amount, what
   * it costs does. So only amounts up to the tenant's usual one are; the others go where most is expected.
   */
  mayExplore(amountUsd: number): boolean {
    const amountLn = Math.log(Math.max(amountUsd, 0.01));
    const weight = Math.max(USUAL_AMOUNT_WEIGHT, 1 / ++this.#amountsSeen);
    this.#usualAmountLn += weight * (amountLn - this.#usualAmountLn);
    return amountLn <= this.#usualAmountLn;
  }

  /** An attempt is on its way to the provider; {@link learn} tells what came of it. */
  sent(provider: string): void {
    const attempts = this.#underWay(provider) + 1;
    this.#inFlight.set(provider, { attempts, atAttempt: this.#attempts });
  }

  learn({ provider, context, answered, approved }: RoutingOutcome): void {
    this.#attempts++;
    this.#learnedAttempts++;
    const attempts = Math.max(0, this.#underWay(provider) - 1);
    this.#inFlight.set(provider, { attempts, atAttempt: this.#attempts });
    if (answered) this.#failing.delete(provider);
    else this.#failing.add(provider);
    this.#add(provider, HEALTH, answered ? 1 : 0, answered ? 0 : 1);
    if (context !== null && approved !== null) {
      this.#add(provider, contextKey(context), approved ? 1 : 0, approved ? 0 : 1);
    }
  }

  /**
   * Of a provider that has not answered lately, what is on its way counts as failed until it is known: it is tried by a few
   * attempts at a time, and not by all that are routed until the first of them has come back.
   */
  health(provider: string): HealthBelief {
    const { successes, failures } = faded(this.#cells.get(provider)?.get(HEALTH), this.#attempts);
    const suspected = this.#failing.has(provider) ? this.#underWay(provider) : 0;
    const known = failures < HEALTH_FAILURES_MIN ? 0 : failures;
    return { successes: HEALTH_PRIOR_SUCCESSES + successes, failures: known + suspected };
  }

  #underWay(provider: string): number {
    const known = this.#inFlight.get(provider);
    if (known === undefined) return 0;
    return known.attempts * FADING.health ** (this.#attempts - known.atAttempt);
  }

  /** What the issuers are expected to say to a charge of this kind, if the provider takes it. */
  approval(provider: string, context: RoutingContext): ApprovalBelief & { sampleSize: number } {
    let entry = this.#models.get(provider);
    if (entry === undefined || entry.staleBy >= entry.refitAfter) {
      const counts = this.#approvals(provider);
      const total = counts.reduce((sum, { successes, failures }) => sum + successes + failures, 0);
      entry = {
        model: new ApprovalModel(counts),
        staleBy: 0,
        refitAfter: Math.max(REFIT_AFTER_MIN, total * REFIT_AFTER_SHARE),
      };
      this.#models.set(provider, entry);
    }
    const own = faded(this.#cells.get(provider)?.get(contextKey(context)), this.#attempts);
    return { ...entry.model.expect(context), sampleSize: own.successes + own.failures };
  }

  /** What is not stored yet, and how many attempts taught it; from now on it counts as stored. */
  takeLearned(): { attempts: number; counts: FadingCount[] } {
    const counts = [...this.#learned.values()].map((count) => ({
      ...count,
      ...fadedTo(this.#attempts, count, count.context === HEALTH),
      atAttempt: this.#attempts,
    }));
    const taken = { attempts: this.#learnedAttempts, counts };
    this.#learned = new Map();
    this.#learnedAttempts = 0;
    return taken;
  }

  /** Puts back what could not be stored. */
  giveBack({ attempts, counts }: { attempts: number; counts: readonly FadingCount[] }): void {
    this.#learnedAttempts += attempts;
    for (const { provider, context, successes, failures } of counts) {
      this.#learnMore(provider, context, successes, failures);
    }
  }

  /** Takes over what is stored, of all replicas; what this process has learned meanwhile stays on top. */
  adopt(attempts: number, counts: readonly FadingCount[]): void {
    this.#attempts = Math.max(this.#attempts, attempts + this.#learnedAttempts);
    for (const { provider, context, successes, failures, atAttempt } of counts) {
      const cell = this.#cell(provider, context);
      const more = this.#learned.get(`${provider}|${context}`);
      const stored = faded({ ...cell, successes, failures, atAttempt }, this.#attempts);
      const added = more === undefined ? NOTHING : fadedTo(this.#attempts, more, cell.context === null);
      cell.successes = stored.successes + added.successes;
      cell.failures = stored.failures + added.failures;
      cell.atAttempt = this.#attempts;
      this.#makeStale(provider, 1);
    }
  }

  /** All counts as they stand: what a bulk loader stores. */
  counts(): FadingCount[] {
    return [...this.#cells].flatMap(([provider, cells]) =>
      [...cells].map(([context, { successes, failures, atAttempt }]) => ({
        provider,
        context,
        successes,
        failures,
        atAttempt,
      }))
    );
  }

  #add(provider: string, context: string, successes: number, failures: number): void {
    const cell = this.#cell(provider, context);
    const before = faded(cell, this.#attempts);
    cell.successes = before.successes + successes;
    cell.failures = before.failures + failures;
    cell.atAttempt = this.#attempts;
    if (context !== HEALTH) this.#makeStale(provider, 1);
    this.#learnMore(provider, context, successes, failures);
  }

  #cell(provider: string, context: string): Cell {
    let cells = this.#cells.get(provider);
    if (cells === undefined) this.#cells.set(provider, cells = new Map());
    let cell = cells.get(context);
    if (cell === undefined) {
      cell = {
        context: context === HEALTH ? null : contextOfKey(context),
        successes: 0,
        failures: 0,
        atAttempt: this.#attempts,
      };
      cells.set(context, cell);
    }
    return cell;
  }

  #makeStale(provider: string, by: number): void {
    const entry = this.#models.get(provider);
    if (entry !== undefined) entry.staleBy += by;
  }

  #approvals(provider: string): ContextCount[] {
    const approvals: ContextCount[] = [];
    for (const cell of this.#cells.get(provider)?.values() ?? []) {
      if (cell.context !== null) approvals.push({ context: cell.context, ...faded(cell, this.#attempts) });
    }
    return approvals;
  }

  #learnMore(provider: string, context: string, successes: number, failures: number): void {
    const key = `${provider}|${context}`;
    const earlier = this.#learned.get(key);
    // Faded like all else, so that what is added to the table is what is left of it.
    const before = earlier === undefined ? NOTHING : fadedTo(this.#attempts, earlier, context === HEALTH);
    this.#learned.set(key, {
      provider,
      context,
      successes: before.successes + successes,
      failures: before.failures + failures,
      atAttempt: this.#attempts,
    });
  }
}

interface Cell {
  /** Null for whether the provider answers. */
  readonly context: RoutingContext | null;
  successes: number;
  failures: number;
  atAttempt: number;
}

interface Count {
  readonly successes: number;
  readonly failures: number;
}

const NOTHING: Count = { successes: 0, failures: 0 };

function faded(cell: Cell | undefined, attempts: number): Count {
  return cell === undefined ? NOTHING : fadedTo(attempts, cell, cell.context === null);
}

function fadedTo(attempts: number, count: Count & { readonly atAttempt: number }, isHealth: boolean): Count {
  const left = (isHealth ? FADING.health : FADING.approval) ** Math.max(0, attempts - count.atAttempt);
  return { successes: count.successes * left, failures: count.failures * left };
}
