import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { muleNetwork, type WalletMove } from "../fraud/mule_network.ts";
import { calendarDay, timeOfDayMs } from "./calendar.ts";
import { COUNTRIES, CURRENCY_CODES, CURRENCY_OF_COUNTRY } from "./countries.ts";
import { Draw, PURPOSE } from "./draw.ts";
import { customerIdOf } from "./ids.ts";
import { drawFraudLabel, drawHonestLabel } from "./labels.ts";
import { type EarlierPayment, posteriorOfAffair } from "./posterior.ts";
import { priceTagMinor } from "./prices.ts";
import type { Society } from "./society.ts";
import { INDEX_STEP_PER_DAY, type World } from "./world.ts";

/** Money that a customer sends from one wallet to another, in the currency of both. */
export interface WalletTransfer {
  /** Day × 10^7 + place in the day, as for payments. */
  readonly index: number;
  readonly occurredAtMs: number;
  readonly fromCustomerId: string;
  readonly toCustomerId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly memo: string;
  readonly truth: {
    readonly fraud: boolean;
    readonly story: "mule_network" | null;
    readonly looksLike: "mule_network" | null;
    readonly episode: number;
    readonly tactic: string | null;
    /** As for payments: an oracle's, given that the transfer belongs to such an affair (posterior.ts). */
    readonly posterior: number;
  };
  readonly labelKnownAtMs: number | null;
  readonly labelFraud: boolean;
}

type Draft = Omit<WalletTransfer, "index">;

const TRANSFERS_PER_DAY = 0.07;
const FRIENDS = 4;
const RENT_SHARE_OF_CUSTOMERS = 0.3;
const ORDINARY = {
  fraud: false,
  story: null,
  looksLike: null,
  episode: 0,
  tactic: null,
  posterior: 0,
} as const;

/** The wallet transfers of the days from `fromDay` to before `toDay`, in order. Any part equals the same part of the whole. */
export function* walletTransfers(
  world: World,
  fromDay = 0,
  toDay = world.config.days,
): Iterable<WalletTransfer> {
  const { society } = world;
  const affairs = new Map<number, Draft[]>();
  let planned = Math.max(0, fromDay - muleNetwork.longestDays);
  for (let day = fromDay; day < toDay; day++) {
    for (; planned <= day; planned++) planAffairs(society, planned, affairs);
    const drafts = [...ordinaryTransfers(society, day), ...affairs.get(day) ?? []];
    affairs.delete(day);
    drafts.sort((a, b) => a.occurredAtMs - b.occurredAtMs);
    for (const [place, draft] of drafts.entries()) {
      yield { index: day * INDEX_STEP_PER_DAY + place, ...draft };
    }
  }
}

/** Pocket money, a friend's dinner, the rent. */
function* ordinaryTransfers(society: Society, day: number): Iterable<Draft> {
  const { people, startMs, seed } = society;
  const draw = new Draw(seed);
  const { dayOfMonth } = calendarDay(startMs + day * DAY_MS);
  for (let from = 0; from < people.count; from++) {
    if (!society.isActive(from, day)) continue;
    draw.at(PURPOSE.transfer, from, day);
    const { utcOffsetHours } = COUNTRIES[people.country[from]];
    const atMs = () => startMs + day * DAY_MS + timeOfDayMs(15 + 4 * draw.normal(), utcOffsetHours);
    for (let left = draw.poisson(TRANSFERS_PER_DAY); left > 0; left--) {
      const friend = draw.integer(0, FRIENDS - 1);
      const amountUsd = people.level[from] * draw.logNormal(Math.log(24), 0.8);
      const memo = draw.pick(["", "", "thanks", "dinner", "my share", "for the present", "as agreed"]);
      const move = { atMs: atMs(), from, to: friendOf(society, from, friend), amountUsd, memo };
      if (move.to !== from) yield draft(society, move, draw, ORDINARY, drawHonestLabel(move.atMs, draw));
    }
    if (dayOfMonth > 3 || (Math.imul(from, 0x9e3779b1) >>> 0) / 4294967296 >= RENT_SHARE_OF_CUSTOMERS) {
      continue;
    }
    if (from % 3 + 1 !== dayOfMonth) continue;
    const amountUsd = Math.min(4000, people.incomeUsd[from] * 0.3 / 12);
    const move = { atMs: atMs(), from, to: landlordOf(society, from), amountUsd, memo: "rent" };
    if (move.to !== from) yield draft(society, move, draw, ORDINARY, drawHonestLabel(move.atMs, draw));
  }
}

function friendOf(society: Society, customer: number, friend: number): number {
  const residents = society.residents(society.people.city[customer]);
  return residents[
    new Draw(society.seed).at(PURPOSE.friends, customer, friend).integer(0, residents.length - 1)
  ];
}

/** One household in fifty lets flats; the customer of examples, who lives an ordinary life, does not. */
function landlordOf(society: Society, customer: number): number {
  const all = society.residents(society.people.city[customer]);
  const residents = all[0] === 0 && all.length > 1 ? all.subarray(1) : all;
  const household = society.people.household[customer];
  const landlords = Math.max(1, Math.floor(residents.length / 50));
  return residents[new Draw(society.seed).at(PURPOSE.friends, household, -1).integer(0, landlords - 1)];
}

function planAffairs(society: Society, day: number, byDay: Map<number, Draft[]>): void {
  const { people, seed, startMs } = society;
  const calendar = calendarDay(startMs + day * DAY_MS);
  const { tactics, affairsPerCustomerDay, reporting } = muleNetwork;
  tactics.forEach(({ name, share, twins }, tactic) => {
    const thieves = people.count * affairsPerCustomerDay * share * calendar.fraudSeason;
    const alike = people.count * affairsPerCustomerDay * twins;
    const prior = thieves / (thieves + alike);
    const affairs = new Draw(seed).at(PURPOSE.storyCount, day, 1000 + tactic).poisson(thieves + alike);
    for (let i = 0; i < affairs; i++) {
      const key = (1000 + tactic) * 65_536 + i;
      const moves = muleNetwork.tell(society, day, name, new Draw(seed).at(PURPOSE.story, day, key));
      const hand = new Draw(seed).at(PURPOSE.hand, day, key);
      const fraud = hand.chance(prior);
      const told: EarlierPayment[] = [];
      for (const move of moves.sort((a, b) => a.atMs - b.atMs)) {
        const on = Math.floor((move.atMs - startMs) / DAY_MS);
        if (
          on >= day + muleNetwork.longestDays || !society.isActive(move.from, on) || move.to === move.from
        ) continue;
        const label = fraud ? drawFraudLabel(reporting, move.atMs, hand) : drawHonestLabel(move.atMs, hand);
        const truth = {
          fraud,
          story: fraud ? muleNetwork.name : null,
          looksLike: muleNetwork.name,
          episode: (day * 4 + tactic) * 65_536 + i + 1,
          tactic: name,
          posterior: posteriorOfAffair(prior, reporting, told, move.atMs),
        };
        const row = draft(society, move, hand, truth, label);
        told.push({ occurredAtMs: move.atMs, ...label });
        const rows = byDay.get(on);
        if (rows) rows.push(row);
        else byDay.set(on, [row]);
      }
    }
  });
}

function draft(
  { people }: Society,
  { atMs, from, to, amountUsd, memo }: WalletMove,
  draw: Draw,
  truth: WalletTransfer["truth"],
  label: Pick<WalletTransfer, "labelKnownAtMs" | "labelFraud">,
): Draft {
  const currency = CURRENCY_OF_COUNTRY[people.country[from]];
  return {
    occurredAtMs: atMs,
    fromCustomerId: customerIdOf(from),
    toCustomerId: customerIdOf(to),
    // Round sums or to the cent, as people send them.
    amountMinor: priceTagMinor(amountUsd, currency, draw.between(0.4, 1)),
    currency: CURRENCY_CODES[currency],
    memo,
    truth,
    ...label,
  };
}
