import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { calendarDay } from "../world/calendar.ts";
import { Draw, PURPOSE } from "../world/draw.ts";
import { drawFraudLabel, drawHonestLabel, type Label } from "../world/labels.ts";
import { Lives } from "../world/lives.ts";
import { NO_REPORT, type PaymentColumns } from "../world/payment_columns.ts";
import { type EarlierPayment, posteriorOfAffair } from "../world/posterior.ts";
import type { Society } from "../world/society.ts";
import { type AffairPayment, Scene } from "./scene.ts";
import { LONGEST_AFFAIR_DAYS, STORIES } from "./stories.ts";
import type { Story } from "./story.ts";
import { STORY_NUMBER } from "./story_names.ts";
import type { Adaptation } from "./adaptation.ts";

interface AffairRow {
  readonly payment: AffairPayment;
  readonly story: number;
  readonly tactic: number;
  readonly episode: number;
  readonly isFraud: boolean;
  readonly posterior: number;
  readonly label: Label;
}

/** The payments of thieves and of their honest twins. An affair is planned when it begins and told day by day. */
export class Affairs {
  readonly #society: Society;
  readonly #adaptation: Adaptation | null;
  readonly #lives: Lives;
  readonly #byDay = new Map<number, AffairRow[]>();
  /** Affairs that began before the world did go on in it: its first days are days like all others. */
  #plannedUntilDay = -LONGEST_AFFAIR_DAYS;

  constructor(society: Society, adaptation: Adaptation | null) {
    this.#society = society;
    this.#adaptation = adaptation;
    // Affairs look at people as they were on the day they begin, whichever day is being told.
    this.#lives = new Lives(society.seed, society.people);
  }

  /** Adds the day's rows, in no order. Any day may be asked for; days in a row cost least. */
  ofDay(day: number, out: PaymentColumns): void {
    if (day < this.#plannedUntilDay - 1 || day > this.#plannedUntilDay) {
      this.#byDay.clear();
      this.#plannedUntilDay = day - LONGEST_AFFAIR_DAYS;
    }
    for (; this.#plannedUntilDay <= day; this.#plannedUntilDay++) this.#plan(this.#plannedUntilDay);
    for (const row of this.#byDay.get(day) ?? []) {
      if (!this.#adaptation?.hasEnded(row.episode)) write(row, out);
    }
    this.#byDay.delete(day);
  }

  #plan(day: number): void {
    const { people } = this.#society;
    const calendar = calendarDay(this.#society.startMs + day * DAY_MS);
    let active = 0;
    for (let i = 0; i < people.count; i++) if (this.#society.isActive(i, day + 0.5)) active++;
    // Nobody's journeys and phones are known from before the world's first day.
    this.#lives.prepare(Math.max(0, day));
    for (const story of STORIES) {
      const busy = active * story.affairsPerCustomerDay * calendar.busyEverywhere;
      for (let tactic = 0; tactic < story.tactics.length; tactic++) {
        const share = this.#adaptation?.shareOf(story, tactic) ?? story.tactics[tactic].share;
        const thieves = busy * calendar.fraudSeason * share;
        const twins = busy * story.tactics[tactic].twins;
        this.#planTactic(story, tactic, day, thieves, twins);
      }
    }
  }

  #planTactic(story: Story, tactic: number, day: number, thieves: number, twins: number): void {
    const code = STORY_NUMBER[story.name] * MOST_TACTICS + tactic;
    const { seed, startMs } = this.#society;
    const affairs = new Draw(seed).at(PURPOSE.storyCount, day, code).poisson(thieves + twins);
    const prior = thieves / (thieves + twins);
    for (let i = 0; i < affairs; i++) {
      const key = code * MOST_AFFAIRS + i;
      const scene = new Scene(
        this.#society,
        this.#lives,
        day,
        story.tactics[tactic].name,
        new Draw(seed).at(PURPOSE.story, day, key),
      );
      story.tell(scene);
      // Whose hand it was is drawn from a stream of its own, which nothing that was told depends on.
      const hand = new Draw(seed).at(PURPOSE.hand, day, key);
      const isFraud = hand.chance(prior);
      const untilMs = startMs + (day + story.longestDays) * DAY_MS;
      const told: EarlierPayment[] = [];
      const payments = scene.payments.sort((a, b) => a.occurredAtMs - b.occurredAtMs);
      for (const payment of payments) {
        const atMs = payment.occurredAtMs;
        if (atMs >= untilMs) break;
        if (atMs < startMs) continue;
        const label = isFraud ? drawFraudLabel(story.reporting, atMs, hand) : drawHonestLabel(atMs, hand);
        this.#add({
          payment,
          story: STORY_NUMBER[story.name] + 1,
          tactic,
          episode: ((day + LONGEST_AFFAIR_DAYS) * MOST_TACTICS * 16 + code) * MOST_AFFAIRS + i + 1,
          isFraud,
          posterior: posteriorOfAffair(prior, story.reporting, told, atMs),
          label,
        });
        told.push({ occurredAtMs: atMs, ...label });
      }
    }
  }

  #add(row: AffairRow): void {
    const day = Math.floor((row.payment.occurredAtMs - this.#society.startMs) / DAY_MS);
    const rows = this.#byDay.get(day);
    if (rows) rows.push(row);
    else this.#byDay.set(day, [row]);
  }
}

const MOST_TACTICS = 4;
const MOST_AFFAIRS = 1 << 20;

function write(
  { payment, story, tactic, episode, isFraud, posterior, label }: AffairRow,
  out: PaymentColumns,
): void {
  const row = out.next();
  out.occurredAtMs[row] = payment.occurredAtMs;
  out.customer[row] = payment.customer;
  out.card[row] = payment.card;
  out.merchant[row] = payment.merchant;
  out.device[row] = payment.device;
  out.address[row] = payment.address;
  out.network[row] = payment.network;
  out.country[row] = payment.country;
  out.currency[row] = payment.currency;
  out.amountMinor[row] = payment.amountMinor;
  out.channel[row] = payment.channel;
  out.story[row] = story;
  out.tactic[row] = tactic;
  out.episode[row] = episode;
  out.fraud[row] = isFraud ? 1 : 0;
  out.posterior[row] = posterior;
  out.labelKnownAtMs[row] = label.labelKnownAtMs ?? NO_REPORT;
  out.labelFraud[row] = label.labelFraud ? 1 : 0;
}
