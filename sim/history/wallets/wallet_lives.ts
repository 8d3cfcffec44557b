import { encodeId } from "../../../src/core/ids.ts";
import { toReferenceUsd } from "../../../src/core/money.ts";
import { Random } from "../../../src/core/random.ts";
import { WALLET_MERCHANT } from "../../../src/core/wallet_merchant.ts";
import type { PaymentEvent } from "../../../src/fraud/features/event.ts";
import { DAY_MS, HOUR_MS } from "../../../src/fraud/features/windows.ts";
import { cardOn } from "../../world/cards.ts";
import { Draw, PURPOSE } from "../../world/draw.ts";
import type { WalletTransfer } from "../../world/transfers.ts";
import type { WalletPurchase } from "../../world/wallet_purchases.ts";
import type { World } from "../../world/world.ts";
import { bookCharge } from "../book_payment.ts";
import { fillAmountsOf, minorOf, roundUpMinor } from "./fill_amounts.ts";
import { JudgedMoves } from "./judged_moves.ts";
import type { BookedMove, OpenedWallet, WalletDay, WalletPayment } from "./wallet_day.ts";

/** What a customer opens the wallet with: between 50 and 500 US dollars at the reference rate, whole major units. */
const OPENING_MIN_USD = 50;
const OPENING_SPREAD_USD = 450;
/** A declined card is followed by the other one, or by the same again. */
const TRIES = 2;

interface Today {
  readonly day: number;
  readonly opened: OpenedWallet[];
  readonly payments: WalletPayment[];
  readonly moves: BookedMove[];
  /** Who spent, and when last. */
  readonly spentAtMs: Map<number, number>;
  readonly topUps: Map<number, number>;
}

/** What all wallets hold, and what their owners did on one day, wish by wish in order of time. */
export class WalletLives {
  readonly #world: World;
  readonly #tenantId: string;
  readonly #balance: Float64Array;
  readonly #openingMinor: Float64Array;
  readonly #openedAtMs: Float64Array;
  readonly #reserveMinor: Float64Array;
  readonly #fillMinor: Float64Array;
  /** Customers by the day on which they open their wallet. */
  readonly #openOn: number[][];
  readonly #numberOf = new Map<string, number>();
  readonly #judged = new JudgedMoves();
  readonly #draw: Draw;
  #today!: Today;

  constructor(world: World, tenantId: string) {
    this.#world = world;
    this.#tenantId = tenantId;
    const { people } = world.society;
    const { seed, days } = world.config;
    this.#draw = new Draw(seed);
    [this.#balance, this.#openingMinor, this.#openedAtMs, this.#reserveMinor, this.#fillMinor] = Array.from(
      { length: 5 },
      () => new Float64Array(people.count),
    );
    this.#openOn = Array.from({ length: days }, () => []);
    const random = new Random(seed).fork("wallets");
    for (const [i, { customerId, currency }] of world.customers.entries()) {
      this.#numberOf.set(customerId, i);
      const openingUsd = OPENING_MIN_USD + Math.floor(OPENING_SPREAD_USD * random.uniform());
      this.#openingMinor[i] = minorOf(openingUsd, currency);
      const { reserveMinor, fillMinor } = fillAmountsOf(world, i);
      [this.#reserveMinor[i], this.#fillMinor[i]] = [reserveMinor, fillMinor];
      this.#openOn[Math.min(days - 1, Math.max(0, Math.floor(people.sinceDay[i])))].push(i);
    }
  }

  beginDay(day: number): void {
    this.#today = { day, opened: [], payments: [], moves: [], spentAtMs: new Map(), topUps: new Map() };
    const { customers, config, society } = this.#world;
    for (const i of this.#openOn[day]) {
      const { customerId, currency } = customers[i];
      const atMs = config.startMs + Math.floor(Math.max(0, society.people.sinceDay[i]) * DAY_MS);
      this.#openedAtMs[i] = atMs;
      this.#balance[i] += this.#openingMinor[i];
      this.#today.opened.push({ customerId, currency, amountMinor: this.#openingMinor[i], atMs });
    }
  }

  pay({ index, customer, merchant, occurredAtMs, amountMinor, period }: WalletPurchase): void {
    const { customers, merchants } = this.#world;
    const { customerId, currency, country } = customers[customer];
    const { merchantId, category, country: merchantCountry } = merchants[merchant];
    const paid = this.#take(customer, amountMinor, occurredAtMs);
    const paymentId = this.#id("pay", `wallet-purchase/${index}`, occurredAtMs);
    this.#today.payments.push({
      kind: "purchase",
      paymentId,
      occurredAtMs,
      customerId,
      merchantId,
      currency,
      amountMinor,
      country,
      description: period === null ? null : "subscription",
      paid,
      event: this.#event(customer, {
        paymentId,
        occurredAtMs,
        amountMinor,
        merchant: { merchantId, category, country: merchantCountry },
        card: null,
      }),
    });
  }

  send(transfer: WalletTransfer): void {
    if (transfer.truth.fraud) return;
    const { index, occurredAtMs, amountMinor, currency, fromCustomerId, toCustomerId } = transfer;
    const [from, to] = [this.#numberOf.get(fromCustomerId)!, this.#numberOf.get(toCustomerId)!];
    const { startMs, people } = this.#world.society;
    const isThere = (who: number) => occurredAtMs > startMs + people.sinceDay[who] * DAY_MS;
    if (!isThere(from) || !isThere(to)) return;
    // The server refuses what a wallet has not, and keeps nothing of it.
    if (!this.#take(from, amountMinor, occurredAtMs)) return;
    this.#balance[to] += amountMinor;
    const amountUsd = toReferenceUsd(amountMinor, currency);
    this.#today.moves.push({
      transferId: this.#id("tr", `wallet-transfer/${index}`, occurredAtMs),
      occurredAtMs,
      fromCustomerId,
      toCustomerId,
      currency,
      amountMinor,
      amountUsd,
      memo: transfer.memo === "" ? null : transfer.memo,
      riskScore: this.#judged.judge({
        fromCustomerId,
        toCustomerId,
        currency,
        amountUsd,
        atMs: occurredAtMs,
      }),
    });
  }

  /** Whoever has spent and has little left fills the wallet before the day ends. */
  endDay(): WalletDay {
    const { day, opened, payments, moves, spentAtMs } = this.#today;
    const lastMs = this.#world.config.startMs + (day + 1) * DAY_MS - 1000;
    for (const [customer, lastSpentMs] of spentAtMs) {
      for (let tries = 0; tries < TRIES && this.#balance[customer] < this.#reserveMinor[customer]; tries++) {
        const afterMs = HOUR_MS * (0.2 + tries + this.#topUpDraw(customer).uniform());
        this.#topUp(customer, this.#fillMinor[customer], Math.min(lastMs, Math.round(lastSpentMs + afterMs)));
      }
    }
    payments.sort((a, b) => a.occurredAtMs - b.occurredAtMs);
    return { day, opened, payments, moves };
  }

  /** Takes the money, after a top-up where it is not there. False where even that did not bring it. */
  #take(customer: number, amountMinor: number, atMs: number): boolean {
    const { startMs } = this.#world.config;
    const earliestMs = Math.max(startMs + this.#today.day * DAY_MS, this.#openedAtMs[customer]);
    for (let tries = 0; tries < TRIES && this.#balance[customer] < amountMinor; tries++) {
      const beforeMs = 60_000 * (2 * (TRIES - tries) - 1 + this.#topUpDraw(customer).uniform());
      const missing = amountMinor - this.#balance[customer] + this.#reserveMinor[customer];
      this.#topUp(
        customer,
        Math.max(missing, this.#fillMinor[customer]),
        Math.max(earliestMs, Math.round(atMs - beforeMs)),
      );
    }
    if (this.#balance[customer] < amountMinor) return false;
    this.#balance[customer] -= amountMinor;
    this.#today.spentAtMs.set(customer, atMs);
    return true;
  }

  #topUp(customer: number, atLeastMinor: number, occurredAtMs: number): void {
    const { society, config, customers, cards } = this.#world;
    const { customerId, currency, country } = customers[customer];
    const number = this.#today.topUps.get(customer) ?? 0;
    this.#today.topUps.set(customer, number + 1);
    const slot = number % society.cards.slots[customer];
    const card = cards[cardOn(society.cards, customer, slot, this.#today.day)];
    const amountMinor = roundUpMinor(atLeastMinor, currency);
    const name = `wallet-top-up/${customer}/${this.#today.day}/${number}`;
    const booking = bookCharge(
      {
        name: `booking/${name}`,
        occurredAtMs,
        amountMinor: BigInt(amountMinor),
        currency,
        card,
        merchant: WALLET_MERCHANT,
      },
      config.seed,
      this.#tenantId,
    );
    if (booking.approved) this.#balance[customer] += amountMinor;
    this.#today.payments.push({
      kind: "top_up",
      topUpId: this.#id("top", name, occurredAtMs),
      occurredAtMs,
      customerId,
      currency,
      amountMinor,
      paymentMethodId: card.paymentMethodId,
      country,
      booking,
      event: this.#event(customer, {
        paymentId: booking.paymentId,
        occurredAtMs,
        amountMinor,
        merchant: WALLET_MERCHANT,
        card,
      }),
    });
  }

  /** As the fraud features see a payment that an agent asks for: without a device or an address. */
  #event(customer: number, { paymentId, occurredAtMs, amountMinor, merchant, card }: {
    paymentId: string;
    occurredAtMs: number;
    amountMinor: number;
    merchant: { readonly merchantId: string; readonly category: string; readonly country: string };
    card: { readonly paymentMethodId: string; readonly issuerCountry: string } | null;
  }): PaymentEvent {
    const { customerId, currency, country, sinceMs } = this.#world.customers[customer];
    return {
      paymentId,
      occurredAtMs,
      customerId,
      cardId: card?.paymentMethodId ?? null,
      deviceId: null,
      addressId: null,
      merchantId: merchant.merchantId,
      amountUsd: toReferenceUsd(amountMinor, currency),
      merchantCategory: merchant.category,
      merchantCountry: merchant.country,
      country,
      customerCountry: country,
      cardCountry: card?.issuerCountry ?? null,
      customerSinceMs: sinceMs,
    };
  }

  #topUpDraw(customer: number): Draw {
    const { day, topUps } = this.#today;
    return this.#draw.at(PURPOSE.walletTopUp, customer, day * 256 + (topUps.get(customer) ?? 0));
  }

  #id(prefix: string, name: string, atMs: number): string {
    const random = new Random(this.#world.config.seed).fork(name);
    return encodeId(prefix, atMs, Uint8Array.from({ length: 16 }, () => random.uint32() & 255), 0);
  }
}
