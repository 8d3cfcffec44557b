import { DAY_MS } from "../../../src/fraud/features/windows.ts";
import { type WalletTransfer, walletTransfers } from "../../world/transfers.ts";
import { type WalletPurchase, walletPurchases } from "../../world/wallet_purchases.ts";
import type { World } from "../../world/world.ts";
import { mergeByTime } from "../merge_by_time.ts";
import type { WalletDay } from "./wallet_day.ts";
import { WalletLives } from "./wallet_lives.ts";

/**
 * The life of all wallets of a world, day by day: opened with some money, filled by card when there is too little for what
 * comes next, spent at merchants, sent to others. Each top-up is charged, and each transfer judged, by the server's own
 * rules; nothing is paid that is not there.
 *
 * Left out are the transfers of mule networks, since the ledger has no place for what is known of them, and those to people
 * who have not signed up yet. Whoever sent the rest sent it: the history is from before there was a screen, as that of payments
 * and refunds is. Each transfer carries the score that the screen would have given it.
 */
export function* walletDays(world: World, tenantId: string): Iterable<WalletDay> {
  const { config, society } = world;
  const lives = new WalletLives(world, tenantId);
  const wishes = mergeByTime<WalletPurchase, WalletTransfer>(walletPurchases(world), walletTransfers(world))[
    Symbol.iterator
  ]();
  let wish = wishes.next();
  for (let day = 0; day < config.days; day++) {
    const dayEndMs = society.startMs + (day + 1) * DAY_MS;
    lives.beginDay(day);
    for (; !wish.done && wish.value.occurredAtMs < dayEndMs; wish = wishes.next()) {
      if ("merchant" in wish.value) lives.pay(wish.value);
      else lives.send(wish.value);
    }
    yield lives.endDay();
  }
}
