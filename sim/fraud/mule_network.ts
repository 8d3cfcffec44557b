import { DAY_MS, HOUR_MS } from "../../src/fraud/features/windows.ts";
import type { Draw } from "../world/draw.ts";
import type { Reporting } from "../world/labels.ts";
import type { Society } from "../world/society.ts";
import type { Tactic } from "./story.ts";

/** Money that goes from one wallet to another within an affair; US dollars at the reference rate. */
export interface WalletMove {
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
  readonly amountUsd: number;
  readonly memo: string;
}

/**
 * Mule network.
 *
 * Who: somebody who lends an account for a share, recruited by people who have money that must lose its trace: from
 * customers who were talked into a transfer, or from other frauds.
 * Why: wallets look at each transfer alone; after two hops nobody asks where the money came from.
 * How it shows: in the stream of wallet transfers (world/transfers.ts): several people who never paid a wallet before
 * pay it within hours, and nearly all of it goes on at once.
 *   pass_through: four to nine senders within a day, on within the hour, in one or two parts;
 *   structuring: sums just below 1,000 dollars, on over two days, to several.
 * Looks alike: a present bought together, the treasurer of a club, a flat whose rent one of them pays.
 * Should be caught by: fan-in and fan-out within a day, new payees, the share of what came in that goes on and how soon,
 * sums just below a limit. The wallets' own screen reads transfers; the payments' features do not.
 */
export const muleNetwork = {
  name: "mule_network",
  affairsPerCustomerDay: 2.5e-5,
  tactics: [
    { name: "pass_through", share: 0.65, worth: 1, twins: 0.8 },
    { name: "structuring", share: 0.35, worth: 1, twins: 0.2 },
  ] as readonly Tactic[],
  longestDays: 5,
  reporting: { reportedShare: 0.7, misfiledShare: 0.1 } as Reporting,
  tell(society: Society, day: number, tactic: string, draw: Draw): WalletMove[] {
    const { people, startMs } = society;
    const residents = society.residents(people.city[draw.integer(0, people.count - 1)]);
    const someone = () => {
      let somebody = residents[draw.integer(0, residents.length - 1)];
      for (let tries = 0; tries < 20 && !society.isActive(somebody, day + 0.5); tries++) {
        somebody = residents[draw.integer(0, residents.length - 1)];
      }
      return somebody;
    };
    const collector = someone();
    const structuring = tactic === "structuring";
    const moves: WalletMove[] = [];
    const beginsAtMs = startMs + day * DAY_MS + draw.integer(0, DAY_MS - HOUR_MS);
    const usual = draw.between(60, 700);
    let arrivedUsd = 0;
    let lastMs = beginsAtMs;
    for (let senders = draw.integer(4, 9); senders > 0; senders--) {
      const from = someone();
      const amountUsd = structuring ? draw.between(880, 995) : usual * draw.between(0.8, 1.2);
      const atMs = beginsAtMs + Math.floor(draw.uniform() * (structuring ? 40 : 16) * HOUR_MS);
      if (from === collector) continue;
      moves.push({ atMs, from, to: collector, amountUsd, memo: draw.pick(IN_MEMOS) });
      arrivedUsd += amountUsd;
      lastMs = Math.max(lastMs, atMs);
    }
    const parts = structuring ? draw.integer(3, 5) : draw.integer(1, 2);
    const onUsd = arrivedUsd * draw.between(0.86, 0.98);
    for (let part = 0; part < parts; part++) {
      const to = someone();
      const afterMs = (structuring ? draw.between(0.5, 40) : draw.between(0.05, 1)) * HOUR_MS;
      if (to === collector) continue;
      moves.push({
        atMs: lastMs + Math.floor(afterMs),
        from: collector,
        to,
        amountUsd: onUsd / parts,
        memo: draw.pick(ON_MEMOS),
      });
    }
    return moves;
  },
} as const;

// Honest people write the same.
const IN_MEMOS = ["", "", "thanks", "as agreed", "for the present", "my share"];
const ON_MEMOS = ["", "", "as agreed", "rent", "for the present"];
