import { Rounds } from "../core/rounds.ts";
import { tryAll } from "../core/try_all.ts";
import { expireTransfers } from "./approve_transfer.ts";
import { completeTopUps } from "./top_up_wallet.ts";
import type { WalletService } from "./wallet_service.ts";

/** Drives what no client waits for to its end, again and again: held transfers that expire, top-ups in doubt. */
export class WalletKeeper extends Rounds {
  constructor(service: WalletService, pauseMs: number, onError: (error: unknown) => void) {
    super({
      work: () =>
        tryAll([expireTransfers, completeTopUps], "kinds of work failed", async (work) => {
          await work(service);
        }),
      pauseMs,
      onError,
    });
  }
}
