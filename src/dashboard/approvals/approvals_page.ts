import { html } from "hono/html";
import type { ApprovalDecision } from "../../db/approval_decisions.ts";
import { type Html, page } from "../page.ts";
import type { Person } from "../session.ts";
import { nameForm } from "../sign_in_page.ts";
import type { ApprovalItem } from "./approval_item.ts";
import type { DecidedItem, WaitingPage } from "./read_approvals.ts";
import { momentOf, timeLeft } from "./show.ts";

/** What the approvals page is made of. */
export interface ApprovalsView {
  readonly person: Person;
  readonly formToken: string;
  readonly waiting: WaitingPage;
  /** Whether earlier ones were left out, as the next page does. */
  readonly isContinued: boolean;
  readonly decided: readonly DecidedItem[];
  readonly nowMs: number;
  /** What time it is for the tenant: later than the real time where a call has simulated one ahead. */
  readonly tenantNowMs: number;
  /** What came of the last action, and how the page's title says it. */
  readonly notice: { readonly title: string; readonly content: Html } | null;
  /** Of a name that was not taken. */
  readonly nameRefusal: string | null;
  /** Changes when what waits changes. */
  readonly mark: string;
}

/** What waits for a person, with two buttons each, and what was decided lately. */
export function approvalsPage(view: ApprovalsView): Html {
  const { person, waiting, decided, notice } = view;
  const count = `${waiting.items.length}${waiting.next === null ? "" : "+"}`;
  return page({
    title: notice === null ? `Approvals (${count} waiting)` : `${notice.title} – Approvals`,
    person,
    formToken: view.formToken,
    path: "/dashboard",
    content: html`<h1>Approvals</h1>
${notice?.content ?? ""}
${simulatedTime(view)}
${
      person.name === null
        ? html`<section class="ask-name" aria-labelledby="who-decides">
<h2 id="who-decides">Who decides?</h2>
${view.nameRefusal === null ? "" : html`<p class="refusal" role="alert">${view.nameRefusal}</p>`}
${nameForm({ formToken: view.formToken, refusal: view.nameRefusal })}
</section>`
        : ""
    }
<section aria-labelledby="waiting" data-mark="${view.mark}">
<h2 id="waiting">Waiting for a decision <span class="count">${count}</span></h2>
<p class="news" role="status" data-news hidden>The list has changed. <a href="/dashboard">Show it as it is now</a></p>
${view.isContinued ? html`<p><a href="/dashboard">Back to those that expire first</a></p>` : ""}
${
      waiting.items.length === 0
        ? html`<p class="empty">Nothing waits. A refund or transfer that needs a person appears here until it is decided or
expires.</p>`
        : html`<ul class="items">${
          waiting.items.map((item) => html`<li>${waitingItem(item, view)}</li>`)
        }</ul>`
    }
${
      waiting.next === null
        ? ""
        : html`<p><a href="/dashboard?after=${
          cursorText(waiting.next)
        }" class="more">Show those that expire later</a></p>`
    }
</section>
<section aria-labelledby="decided">
<h2 id="decided">Decided lately</h2>
${
      decided.length === 0
        ? html`<p class="empty">Nothing has been decided yet.</p>`
        : html`<ol class="decided">${decided.map((one) => html`<li>${decidedItem(one)}</li>`)}</ol>`
    }
</section>`,
  });
}

const SHOWN_AHEAD_MS = 60_000;

/** Where a tenant's clock is ahead of the real time: people wonder at the dates that payments have. */
function simulatedTime({ tenantNowMs, nowMs }: Pick<ApprovalsView, "tenantNowMs" | "nowMs">): Html | "" {
  if (tenantNowMs < nowMs + SHOWN_AHEAD_MS) return "";
  return html`
    <p
      class="help">Simulated time: for this tenant it is ${momentOf(tenantNowMs)}, ${ahead(
        tenantNowMs - nowMs,
      )} ahead of the real time, since a call has set a time ahead. What waits here expires by the real time.</p>
  `;
}

function ahead(aheadMs: number): string {
  const hours = aheadMs / 3_600_000;
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  return hours >= 2 ? `${Math.floor(hours)} hours` : `${Math.floor(aheadMs / 60_000)} minutes`;
}

export function cursorText({ expiresAtMs, id }: { expiresAtMs: number; id: string }): string {
  return `${expiresAtMs}.${id}`;
}

function waitingItem(item: ApprovalItem, { person, formToken, nowMs }: ApprovalsView): Html {
  return html`<article class="item" id="${item.id}" aria-labelledby="${item.id}-title" tabindex="-1">
<div class="head">
<h3 id="${item.id}-title"><bdi>${item.title}</bdi></h3>
<p class="left">Expires in ${timeLeft(item.expiresAtMs, nowMs)}</p>
</div>
<p class="asked">Asked by <bdi>${item.askedBy}</bdi>, ${
    momentOf(item.askedAtMs)
  } · <code>${item.id}</code></p>
${item.obstacle === null ? "" : html`<p class="refusal obstacle">${item.obstacle}</p>`}
<dl class="facts">${
    item.facts.map(({ label, value }) =>
      html`
        <div>
          <dt>${label}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl>
<div class="why">
${scoreBar(item)}
<p>${item.why}</p>
</div>
<details open>
<summary>Evidence</summary>
<dl class="evidence">${
    item.evidence.map(({ what, figures }) =>
      html`
        <div>
          <dt>${what}</dt>
          <dd>${figures}</dd>
        </div>
      `
    )
  }</dl>
</details>
${
    person.name === null ? html`<p class="help">Say above who decides; then the buttons appear.</p>` : html`
      <form class="decide" method="post" action="/dashboard/approvals">
        <input type="hidden" name="form_token" value="${formToken}">
        <input type="hidden" name="id" value="${item.id}">
        <button class="go" name="decision" value="approve" aria-describedby="${item
          .id}-title">Approve</button>
        <button class="stop" name="decision" value="reject" aria-describedby="${item
          .id}-title">Reject</button>
      </form>
    `
  }
</article>`;
}

/** Drawn by attributes, as the content policy lets no style into the page. */
function scoreBar({ risk: { name, score, askAt, refuseAt } }: ApprovalItem): Html {
  const said = `${name} ${score} of 100; a person is asked from ${askAt}, it is refused from ${refuseAt}`;
  return html`
    <div class="score">
      <p><span class="score-name">${name}</span> <strong>${score}</strong> <span class="of">of 100</span></p>
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="${said}">
        <rect class="track" width="100" height="8" rx="1"></rect>
        <rect class="bar" width="${score}" height="8" rx="1"></rect>
        <rect class="edge" x="${askAt}" width="0.6" height="8"></rect>
        <rect class="edge" x="${refuseAt}" width="0.6" height="8"></rect>
      </svg>
      <p class="edges" aria-hidden="true">A person is asked from ${askAt}, it is refused from ${refuseAt}</p>
    </div>
  `;
}

const DECIDED_AS = { approved: "Approved", rejected: "Rejected", expired: "Expired" } as const;

function decidedItem({ item, decision }: DecidedItem): Html {
  return html`
    <article class="${decision.decision}" aria-labelledby="${item.id}-decided">
      <p class="badge">${DECIDED_AS[decision.decision]}</p>
      <h3 id="${item.id}-decided"><bdi>${item.title}</bdi></h3>
      <p class="by">${byWhom(decision)}, ${momentOf(decision.decidedAtMs)}. Asked by <bdi>${item
        .askedBy}</bdi>. Now
    <strong>${item.status.replaceAll("_", " ")}</strong>${item.outcome === null
      ? ""
      : html`. ${item.outcome}`} · <code>${item.id}</code></p>
    </article>
  `;
}

/** How a sentence about a decision goes on: who made it, by which way. */
export function byWhom({ decidedBy, decidedVia }: ApprovalDecision): Html {
  if (decidedVia === "expiry") return html`By nobody in time`;
  return html`By <bdi>${decidedBy}</bdi> ${
    decidedVia === "dashboard" ? "on this page" : "with the call’s approval token"
  }`;
}
