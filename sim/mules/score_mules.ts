import { assessTransfer } from "../../src/wallets/risk/assess_transfer.ts";
import { LOOKED_AT, type PastTransfer } from "../../src/wallets/risk/past.ts";
import { generateMuleWorld, type MuleWorldOptions } from "./mule_world.ts";

export interface MuleScore {
  readonly transfers: number;
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
  /** Of the money that would have left the first wallet it came to, the share that stayed. */
  readonly moneyKept: number;
  /** Honest transfers stopped, in a thousand. */
  readonly falseAlarmsPerThousand: number;
}

/**
 * Streams a planted world through the same judgement as transfer_funds, in order of time: each transfer is judged by
 * what was known before it. What is stopped moves nothing, but was tried, and is known as that. Later transfers of a
 * network whose money was stopped are still made and judged: a fraudster may have other money.
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
  let [muleTransfers, stopped, stoppedOfMules, outgoingUsd, keptUsd] = [0, 0, 0, 0, 0];
  const world = generateMuleWorld(options);
  for (const { fromId, toId, amountUsd, atMs, network } of world) {
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
      if (fromId.startsWith("wallet:m")) {
        outgoingUsd += amountUsd;
        if (isStopped) keptUsd += amountUsd;
      }
    }
    const past = { amountUsd, atMs, posted: !isStopped };
    remember(pastOf(fromId).sent, { ...past, otherId: toId });
    remember(pastOf(toId).received, { ...past, otherId: fromId });
  }
  return {
    transfers: world.length,
    muleTransfers,
    stopped,
    stoppedOfMules,
    precision: stoppedOfMules / stopped,
    recall: stoppedOfMules / muleTransfers,
    networksFound: found.size / options.networks,
    moneyKept: keptUsd / outgoingUsd,
    falseAlarmsPerThousand: (1000 * (stopped - stoppedOfMules)) / (world.length - muleTransfers),
  };
}
