import { html } from "hono/html";
import type { TransferForPerson } from "../../wallets/transfers_for_person.ts";
import type { ApprovalItem } from "./approval_item.ts";
import { money, named } from "./show.ts";

/** A transfer that is, or was, held for a person. */
export function transferItem(transfer: TransferForPerson): ApprovalItem {
  const { answer } = transfer;
  const { risk, debited, credited, conversion } = answer;
  const leaves = money(debited.amount, debited.currency);
  return {
    kind: "transfer",
    id: transfer.transferId,
    title: `Transfer of ${leaves} from ${transfer.fromName} to ${transfer.toName}`,
    facts: [
      { label: "From", value: named(transfer.fromName, answer.from_wallet_id) },
      { label: "To", value: named(transfer.toName, answer.to_wallet_id) },
      {
        label: "Amount",
        value: conversion === null
          ? `${leaves}, held in the sender’s wallet`
          : `${leaves}, held in the sender’s wallet; arrives as ${
            money(credited.amount, credited.currency)
          } at the rate ${conversion.rate} of ${conversion.rate_date}`,
      },
      { label: "Memo", value: answer.memo === null ? "None" : html`<bdi>${answer.memo}</bdi>` },
    ],
    risk: { name: "Mule score", score: risk.score, askAt: risk.hold_at, refuseAt: risk.refuse_at },
    why: risk.patterns.length === 1
      ? "It shows a pattern of money mules."
      : `It shows ${risk.patterns.length} patterns of money mules.`,
    // What it would move is held for it.
    obstacle: null,
    outcome: null,
    evidence: risk.patterns.map(({ about, evidence }) => ({
      what: about.replace(/\.$/, ""),
      figures: Object.entries(evidence).map(([name, value]) => figure(name, value)).join(", "),
    })),
    askedBy: transfer.askedBy,
    askedAtMs: transfer.askedAtMs,
    expiresAtMs: transfer.expiresAtMs,
    status: transfer.status,
  };
}

/** A pattern names its figures, with the unit last; a person reads them as words. */
function figure(name: string, value: number): string {
  if (name === "window_hours") return `within ${value} hours`;
  if (name === "share") return `${Math.round(value * 100)}% of it`;
  const words = name.replace(/_usd$/, "").replaceAll("_", " ");
  return name.endsWith("_usd") ? `${words} ${money(value.toFixed(2), "USD")}` : `${words} ${value}`;
}
