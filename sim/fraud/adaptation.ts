import { Draw, PURPOSE } from "../world/draw.ts";
import { STORIES } from "./stories.ts";
import type { Story } from "./story.ts";
import { STORY_NAMES, type StoryName } from "./story_names.ts";

/** What thieves need to know of a payment of theirs to learn from it. */
export interface Attempt {
  readonly episode: number;
  /** The story it belongs to, also when an honest twin acts. */
  readonly looksLike: StoryName | null;
  readonly tactic: string | null;
  readonly fraud: boolean;
}

/** How fast thieves change their ways: a tactic that earns one half more than the average grows by e^(0.15 × ½) a day. */
const LEARNING_RATE = 0.15;
/** Some always try what the others have given up. */
const LEAST_SHARE = 0.02;
/** How fast what passed long ago is forgotten, a day. */
const MEMORY = 0.9;
/** Payer and thief alike let it be, in half of the cases, once a payment of the affair is declined. */
const ENDS_CHANCE = 0.5;

/**
 * The thieves' side of a fraud screen. Whoever decides about the payments tells what was declined, day by day; from the
 * next day on, thieves turn to the tactics that earn most: what passes, times what it is worth. Honest twins go on as ever. Hand one to `generateWorld` and ask
 * for the days in their order; a world without one has thieves who never learn.
 */
export class Adaptation {
  readonly #seed: number;
  readonly #shares = new Map<StoryName, number[]>();
  readonly #tries = new Map<StoryName, { passed: number; all: number }[]>();
  readonly #ended = new Set<number>();

  constructor(seed: number) {
    this.#seed = seed;
    for (const { name, tactics } of STORIES) {
      this.#shares.set(name, tactics.map(({ share }) => share));
      // One try each, passed: what nobody knows looks promising.
      this.#tries.set(name, tactics.map(() => ({ passed: 1, all: 1 })));
    }
  }

  /** What became of one payment. */
  learn(attempt: Attempt, isDeclined: boolean): void {
    const { looksLike, tactic, fraud, episode } = attempt;
    if (looksLike === null || tactic === null) return;
    const story = STORIES.find(({ name }) => name === looksLike);
    if (story === undefined) return;
    if (fraud) {
      const tries = this.#tries.get(looksLike)![story.tactics.findIndex(({ name }) => name === tactic)];
      tries.all++;
      if (!isDeclined) tries.passed++;
    }
    if (isDeclined) {
      const [high, low] = [Math.floor(episode / 4294967296), episode >>> 0];
      const draw = new Draw(this.#seed).at(PURPOSE.hand, -1 - high, low);
      if (draw.chance(ENDS_CHANCE)) this.#ended.add(episode);
    }
  }

  /** Thieves compare notes: call it after each day. */
  endDay(): void {
    for (const [name, shares] of this.#shares) {
      const tries = this.#tries.get(name)!;
      const { tactics } = STORIES.find((story) => story.name === name)!;
      const earned = tries.map(({ passed, all }, t) => tactics[t].worth * passed / all);
      const mean = shares.reduce((sum, share, t) => sum + share * earned[t], 0);
      const grown = shares.map((share, t) => share * Math.exp(LEARNING_RATE * (earned[t] - mean)));
      const total = grown.reduce((sum, share) => sum + share, 0);
      const kept = grown.map((share) => Math.max(LEAST_SHARE, share / total));
      const keptTotal = kept.reduce((sum, share) => sum + share, 0);
      this.#shares.set(name, kept.map((share) => share / keptTotal));
      for (const t of tries) {
        // What is left of the first, hopeful try keeps a tactic that nobody uses from being forgotten as hopeless.
        t.passed = t.passed * MEMORY + (1 - MEMORY);
        t.all = t.all * MEMORY + (1 - MEMORY);
      }
    }
  }

  shareOf(story: Story, tactic: number): number {
    return this.#shares.get(story.name)![tactic];
  }

  hasEnded(episode: number): boolean {
    return this.#ended.has(episode);
  }

  /** Each story's tactics with the share of thieves who use them now. */
  shares(): Record<string, Record<string, number>> {
    const result: Record<string, Record<string, number>> = {};
    for (const { name, tactics } of STORIES) {
      const shares = this.#shares.get(name)!;
      result[name] = Object.fromEntries(tactics.map((tactic, t) => [tactic.name, shares[t]]));
    }
    return result;
  }
}

/** The tactic's name, from a row's numbers; null for payments that no affair holds. */
export function tacticName(story: number, tactic: number): string | null {
  const name = STORY_NAMES[story - 1];
  return STORIES.find((told) => told.name === name)?.tactics[tactic]?.name ?? null;
}
