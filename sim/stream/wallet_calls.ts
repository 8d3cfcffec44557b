import { toRfc3339 } from "../../src/core/clock.ts";
import { formatAmount } from "../../src/core/money.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { fillAmountsOf, roundUpMinor } from "../history/wallets/fill_amounts.ts";
import { mergeByTime } from "../history/merge_by_time.ts";
import { cardOn } from "../world/cards.ts";
import { type WalletTransfer, walletTransfers } from "../world/transfers.ts";
import { DEFAULT_LIVE_DAYS } from "../world/types.ts";
import { type WalletPurchase, walletPurchases } from "../world/wallet_purchases.ts";
import type { KnownWorld } from "./known_world.ts";

/** A wish of a wallet's owner, and the top-up that comes first where the wallet has not enough. */
export interface WalletCall {
  readonly tool: "create_payment" | "transfer_funds";
  readonly arguments: Readonly<Record<string, string>>;
  readonly topUp: Readonly<Record<string, string>>;
  readonly occurredAtMs: number;
  readonly simulated_at: string;
}

/**
 * What the owners of the world's wallets do next, in order, after what the tenant has reached: the streams that the loaded
 * history was made of go on. As there, the transfers of mule networks are left out, and nobody opens a second wallet.
 */
export function* walletCalls({ world, reachedMs }: KnownWorld): Iterable<WalletCall> {
  const { config, customers } = world;
  const firstDay = Math.max(config.days, Math.floor((reachedMs - config.startMs) / DAY_MS));
  const lastDay = config.days + (config.liveDays ?? DEFAULT_LIVE_DAYS);
  const numberOf = new Map(customers.map(({ customerId }, i) => [customerId, i]));
  const wishes = mergeByTime<WalletPurchase, WalletTransfer>(
    walletPurchases(world, firstDay, lastDay),
    walletTransfers(world, firstDay, lastDay),
  );
  for (const wish of wishes) {
    if (wish.occurredAtMs <= reachedMs) continue;
    if ("merchant" in wish) yield purchase(world, wish);
    else if (!wish.truth.fraud) yield transfer(world, wish, numberOf.get(wish.fromCustomerId)!);
  }
}

function purchase(world: KnownWorld["world"], wish: WalletPurchase): WalletCall {
  const { customerId, currency } = world.customers[wish.customer];
  return {
    tool: "create_payment",
    arguments: {
      amount: formatAmount(BigInt(wish.amountMinor), currency),
      currency,
      method: "wallet",
      customer_id: customerId,
      merchant_id: world.merchants[wish.merchant].merchantId,
      ...(wish.period === null ? {} : { description: "subscription" }),
      idempotency_key: `sim-${world.config.seed}-wallet-${wish.index}`,
    },
    ...timed(wish.occurredAtMs),
    topUp: topUp(world, wish.customer, wish, `wallet-${wish.index}`),
  };
}

function transfer(world: KnownWorld["world"], wish: WalletTransfer, from: number): WalletCall {
  const { currency, fromCustomerId, toCustomerId } = wish;
  return {
    tool: "transfer_funds",
    arguments: {
      from_wallet_id: `wallet:${fromCustomerId}:${currency}`,
      to_wallet_id: `wallet:${toCustomerId}:${currency}`,
      amount: formatAmount(BigInt(wish.amountMinor), currency),
      currency,
      ...(wish.memo === "" ? {} : { memo: wish.memo }),
      idempotency_key: `sim-${world.config.seed}-transfer-${wish.index}`,
    },
    ...timed(wish.occurredAtMs),
    topUp: topUp(world, from, wish, `transfer-${wish.index}`),
  };
}

/** Enough for the wish and what its owner keeps there, or what the owner fills it with anyhow. */
function topUp(
  world: KnownWorld["world"],
  customer: number,
  { amountMinor, occurredAtMs }: { amountMinor: number; occurredAtMs: number },
  name: string,
): Record<string, string> {
  const { config, customers, cards, society } = world;
  const { customerId, currency } = customers[customer];
  const { reserveMinor, fillMinor } = fillAmountsOf(world, customer);
  const amount = roundUpMinor(Math.max(amountMinor + reserveMinor, fillMinor), currency);
  const day = Math.floor((occurredAtMs - config.startMs) / DAY_MS);
  return {
    wallet_id: `wallet:${customerId}:${currency}`,
    amount: formatAmount(BigInt(amount), currency),
    currency,
    payment_method_id: cards[cardOn(society.cards, customer, 0, day)].paymentMethodId,
    idempotency_key: `sim-${config.seed}-top-up-${name}`,
  };
}

function timed(occurredAtMs: number) {
  return { occurredAtMs, simulated_at: toRfc3339(occurredAtMs) };
}
