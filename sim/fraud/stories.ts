import { cardTesting } from "./card_testing.ts";
import { stolenCardSpree } from "./stolen_card_spree.ts";
import type { Story } from "./story.ts";

/** The fraud that goes on in every world. */
export const STORIES: readonly Story[] = [cardTesting, stolenCardSpree];
