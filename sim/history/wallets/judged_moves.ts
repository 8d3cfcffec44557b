import { accountOf } from "../../../src/ledger/accounts.ts";
import { assessTransfer } from "../../../src/wallets/risk/assess_transfer.ts";
import { LOOKED_AT, type PastTransfer } from "../../../src/wallets/risk/past.ts";

interface Past {
  readonly sent: PastTransfer[];
  readonly received: PastTransfer[];
}

/** Scores transfers one after the other as the server would: by the latest that either wallet took part in before. */
export class JudgedMoves {
  readonly #pasts = new Map<string, Past>();

  /** @returns the score, 0 to 100; the transfer is then part of both pasts */
  judge({ fromCustomerId, toCustomerId, currency, amountUsd, atMs }: {
    fromCustomerId: string;
    toCustomerId: string;
    currency: string;
    amountUsd: number;
    atMs: number;
  }): number {
    const fromId = accountOf("wallet", fromCustomerId, currency).accountId;
    const toId = accountOf("wallet", toCustomerId, currency).accountId;
    const [sender, receiver] = [this.#past(fromId), this.#past(toId)];
    const { score } = assessTransfer({ fromId, toId, toKind: "wallet", amountUsd, atMs }, {
      sender,
      receiver,
    });
    remember(sender.sent, { otherId: toId, amountUsd, atMs, posted: true });
    remember(receiver.received, { otherId: fromId, amountUsd, atMs, posted: true });
    return score;
  }

  #past(walletId: string): Past {
    let past = this.#pasts.get(walletId);
    if (past === undefined) this.#pasts.set(walletId, past = { sent: [], received: [] });
    return past;
  }
}

/** Newest first, no more than the server looks at. */
function remember(past: PastTransfer[], one: PastTransfer): void {
  past.unshift(one);
  if (past.length > LOOKED_AT) past.pop();
}
