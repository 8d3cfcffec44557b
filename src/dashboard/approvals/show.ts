import { html } from "hono/html";
import type { Html } from "../page.ts";

/** A name with the id behind it; a text of somebody else's never changes the direction of what stands around it. */
export function named(name: string, id: string): Html {
  return html`<bdi>${name}</bdi> <code>${id}</code>`;
}

/** An amount as the tools write it, with its thousands apart: "1,899.00 USD". */
export function money(amount: string, currency: string): string {
  const [whole, ...part] = amount.split(".");
  return `${[whole.replace(/\B(?=(\d{3})+$)/g, ","), ...part].join(".")} ${currency}`;
}

/** A moment in UTC, which the page's script shows in the reader's own time. */
export function momentOf(atMs: number): Html {
  const iso = new Date(atMs).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace("T", " ")} UTC</time>`;
}

/** How long until then, which the page's script keeps true. */
export function timeLeft(untilMs: number, nowMs: number): Html {
  return html`<time datetime="${new Date(untilMs).toISOString()}" data-until>${
    minutesLeft(untilMs - nowMs)
  }</time>`;
}

function minutesLeft(leftMs: number): string {
  const minutes = Math.floor(leftMs / 60_000);
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  return `${Math.floor(minutes / 60)} hours`;
}
