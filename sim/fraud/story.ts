import type { Reporting } from "../world/labels.ts";
import type { Scene } from "./scene.ts";
import type { StoryName } from "./story_names.ts";

/** One way to go about a story. What a thief tries next when this one is declined. */
export interface Tactic {
  readonly name: string;
  /** Share of the story's thieves who work this way before anybody has adapted; the shares add up to 1. */
  readonly share: number;
  /** What a payment that passes is worth to a thief after the effort, against the story's easiest tactic. */
  readonly worth: number;
  /** Honest affairs that look just like it, for each affair of thieves of the whole story, by any tactic. */
  readonly twins: number;
}

/** A way to steal, told one affair at a time. */
export interface Story {
  readonly name: StoryName;
  /** How often thieves begin it, for each customer there is. Measured to give about the base rate that world.ts names. */
  readonly affairsPerCustomerDay: number;
  readonly tactics: readonly Tactic[];
  /** No affair lasts longer; what would come later is not told. */
  readonly longestDays: number;
  readonly reporting: Reporting;
  /**
   * Makes the payments of one affair. The scene does not say whether a thief or an honest twin acts, so nothing that
   * the payments show can depend on it: the oracle's probability rests on this (world/posterior.ts).
   */
  readonly tell: (scene: Scene) => void;
}
