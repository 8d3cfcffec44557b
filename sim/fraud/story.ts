import type { Random } from "../../src/core/random.ts";
import type { Society } from "../world/society.ts";
import type { DraftPayment } from "../world/types.ts";

/** A way to steal, told one campaign at a time. */
export interface Story {
  readonly name: string;
  /** No campaign lasts longer; what would come later is not told. */
  readonly longestDays: number;
  /** All payments of the campaigns that begin on `day`, over all their days, in no order. */
  readonly campaigns: (society: Society, day: number, random: Random) => DraftPayment[];
}
