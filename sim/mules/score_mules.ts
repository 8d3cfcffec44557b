import { assessTransfer } from "../../src/wallets/risk/assess_transfer.ts";
import { LOOKED_AT, type PastTransfer } from "../../src/wallets/risk/past.ts";
import { generateMuleWorld, type MuleWorldOptions } from "./mule_world.ts";

export interface MuleScore {
  readonly transfers: number;
  /** Tried by networks and their victims, with money that was there. */
  readonly muleTransfers: number;
  /** Held or refused. */
  readonly stopped: number;
  readonly stoppedOfMules: number;
  /** Of the stopped, the share that belongs to networks. */
  readonly precision: number;
  /** Of the networks' transfers, the share that was stopped. The first victims cannot be told from anybody. */
  readonly recall: number;
  /** Of the networks, the share with at least one transfer stopped. */
  readonly networksFound: number;
  /** Of what victims sent, the share that did not leave the first wallet it came to: it can be given back. */
  readonly moneyKept: number;
  /** Honest transfers stopped, in a thousand. */
  readonly falseAlarmsPerThousand: number;
}

/**
 * Streams a planted world through the same judgement as transfer_funds, in order of time: each transfer is judged by
 * what was known before it. What is stopped moves nothing, but was tried, and is known as that. A mule sends on what
 * it planned, or as much of it as has reached it: money that was stopped before cannot go further.
 */
export function scoreMules(options: MuleWorldOptions): MuleScore {
  const pasts = new Map<string, { sent: PastTransfer[]; received: PastTransfer[] }>();
  const pastOf = (id: string) => {
    let past = pasts.get(id);
    if (past === undefined) pasts.set(id, past = { sent: [], received: [] });
    return past;
  };
  const remember = (list: PastTransfer[], past: PastTransfer) => {
    list.unshift(past);
    if (list.length > LOOKED_AT) list.pop();
  };
  const found = new Set<number>();
  const mules = new Map<string, number>();
  const isMule = (id: string) => id.startsWith("wallet:m");
  let [transfers, muleTransfers, stopped, stoppedOfMules, stolenUsd, leftUsd] = [0, 0, 0, 0, 0, 0];
  for (const { fromId, toId, amountUsd: plannedUsd, atMs, network } of generateMuleWorld(options)) {
    const amountUsd = isMule(fromId) ? Math.min(plannedUsd, mules.get(fromId) ?? 0) : plannedUsd;
    if (amountUsd < FORWARDED_MIN_USD && isMule(fromId)) continue;
    transfers++;
    const { decision } = assessTransfer(
      { fromId, toId, toKind: "wallet", amountUsd, atMs },
      { sender: pastOf(fromId), receiver: pastOf(toId) },
    );
    const isStopped = decision !== "approve";
    if (isStopped) stopped++;
    if (network !== null) {
      muleTransfers++;
      if (isStopped) {
        stoppedOfMules++;
        found.add(network);
      }
      if (!isMule(fromId)) stolenUsd += amountUsd;
      else if (!isStopped && FIRST_WALLET.test(fromId)) leftUsd += amountUsd;
      if (!isStopped) {
        mules.set(toId, (mules.get(toId) ?? 0) + amountUsd);
        if (isMule(fromId)) mules.set(fromId, mules.get(fromId)! - amountUsd);
      }
    }
    const past = { amountUsd, atMs, posted: !isStopped };
    remember(pastOf(fromId).sent, { ...past, otherId: toId });
    remember(pastOf(toId).received, { ...past, otherId: fromId });
  }
  return {
    transfers,
    muleTransfers,
    stopped,
    stoppedOfMules,
    precision: stoppedOfMules / stopped,
    recall: stoppedOfMules / muleTransfers,
    networksFound: found.size / options.networks,
    moneyKept: 1 - leftUsd / stolenUsd,
    falseAlarmsPerThousand: (1000 * (stopped - stoppedOfMules)) / (transfers - muleTransfers),
  };
}

/** Those that victims pay; the others are paid by them. */
const FIRST_WALLET = /-(collector|cutter):/;

/** Nobody moves pocket change through a network. */
const FORWARDED_MIN_USD = 20;
