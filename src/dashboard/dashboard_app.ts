import { createHash } from "node:crypto";
import { type Context, Hono } from "hono";
import { html } from "hono/html";
import { secureHeaders } from "hono/secure-headers";
import { errorFields, type Log } from "../core/log.ts";
import { readDecision } from "../db/approval_decisions.ts";
import type { WaitingCursor } from "../payments/refunds/refunds_for_person.ts";
import { approvalsPage, type ApprovalsView, byWhom } from "./approvals/approvals_page.ts";
import { decide } from "./approvals/decide.ts";
import {
  type ApprovalServices,
  readDecided,
  readItems,
  readWaiting,
  type WaitingPage,
} from "./approvals/read_approvals.ts";
import { momentOf } from "./approvals/show.ts";
import { type Html, notice, page } from "./page.ts";
import { isFromOtherOrigin, isFromOwnPage } from "./same_origin.ts";
import { type Person, Sessions, type SessionSettings } from "./session.ts";
import { comeAgainPage, signInPage } from "./sign_in_page.ts";

export interface DashboardDependencies {
  readonly services: ApprovalServices;
  readonly sessions: SessionSettings;
  /** Where people reach the server behind a proxy; null for where each request is sent. */
  readonly publicOrigin: string | null;
  /** A request's body, within the server's limits; not a text where it is beyond them. */
  readonly readText: (request: Request) => Promise<string | object>;
  readonly requestIdOf: (context: Context) => string;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** Waiting items on a page, and decided ones. */
const WAITING_MAX = 50;
const DECIDED_MAX = 30;

const ASSETS = {
  "dashboard.css": { type: "text/css; charset=utf-8", text: await readAsset("dashboard.css") },
  "dashboard.js": { type: "text/javascript; charset=utf-8", text: await readAsset("dashboard.js") },
} as const;

/**
 * What people see and decide, under /dashboard: apart from the tools, with sessions of its own. Works without scripts.
 *
 * What changes something is looked at in this order: that the browser says it comes from this very origin, that the form
 * was shown to this browser and this person, who they are, and then what they ask for.
 */
export function createDashboard(dependencies: DashboardDependencies): Hono {
  const { services, publicOrigin, nowMs, log } = dependencies;
  const sessions = new Sessions(dependencies.sessions);
  const app = new Hono();

  app.use(headers());
  app.use(async (context, next) => {
    context.header("cache-control", "no-store");
    await next();
  });
  app.use(async (context, next) => {
    if (isFromOtherOrigin(context.req.raw, publicOrigin)) return refused(context, NOT_OWN_PAGE);
    await next();
  });

  app.get("/assets/:name", (context) => {
    const asset = ASSETS[context.req.param("name") as keyof typeof ASSETS];
    if (asset === undefined) return refused(context, NO_PAGE);
    context.header("content-type", asset.type);
    context.header("cache-control", "no-cache");
    return context.body(asset.text);
  });

  app.get("/", async (context) => {
    const person = await sessions.personOf(context);
    if (person === null) {
      const comesFromElsewhere = isLinkFromElsewhere(context.req.raw) &&
        context.req.query("own") === undefined;
      return comesFromElsewhere ? context.html(comeAgainPage()) : signIn(context, null);
    }
    const after = cursorOf(context.req.query("after"));
    const done = context.req.query("done");
    return await approvals(context, person, {
      after,
      notice: done === undefined
        ? null
        : await outcomeNotice(services, person, done, context.req.query("before") !== undefined),
    });
  });

  /** For the page's script: whether there is something new to show. */
  app.get("/waiting", async (context) => {
    const person = await sessions.personOf(context);
    if (person === null) return context.json({ mark: null }, 401);
    return context.json({ mark: await currentMark(services, person) });
  });

  app.post("/sign-in", async (context) => {
    const form = await ownForm(context);
    if (form === null) return refused(context, NOT_OWN_PAGE);
    const refusal = await sessions.signIn(context, form.get("identity") ?? "");
    if (refusal === null) return context.redirect("/dashboard", 303);
    const person = await sessions.personOf(context);
    return sessions.asksForToken || person === null
      ? signIn(context, refusal)
      : await approvals(context, person, { nameRefusal: refusal, status: 400 });
  });

  app.post("/sign-out", async (context) => {
    if (await ownForm(context) === null) return refused(context, NOT_OWN_PAGE);
    sessions.signOut(context);
    return context.redirect("/dashboard", 303);
  });

  app.post("/approvals", async (context) => {
    const form = await ownForm(context);
    if (form === null) return refused(context, NOT_OWN_PAGE);
    const person = await sessions.personOf(context);
    if (person === null) return signIn(context, "You are signed out: nothing was decided. Sign in again.");
    if (person.name === null) {
      return await approvals(context, person, { nameRefusal: "Say who decides first.", status: 400 });
    }
    const id = form.get("id") ?? "";
    const decision = form.get("decision");
    if (!ITEM_ID.test(id) || (decision !== "approve" && decision !== "reject")) {
      return refused(context, NO_ITEM);
    }
    const { tenantId, name } = person;
    const decided = await decide(services, { tenantId, id, approved: decision === "approve", name });
    switch (decided.kind) {
      case "unknown":
        return refused(context, NO_ITEM);
      case "impossible":
        return await approvals(context, person, {
          notice: {
            title: "Not approved",
            content: notice("bad", `It waits still. ${decided.error.message} ${decided.error.nextMove}`),
          },
          status: 409,
        });
      case "decided":
        log.info("decided", { id, decision, by: name, tenant: tenantId, before: decided.before });
        return context.redirect(`/dashboard?done=${id}${decided.before ? "&before" : ""}#notice`, 303);
    }
  });

  app.all(
    "*",
    (context) =>
      context.req.path === "/dashboard/" ? context.redirect("/dashboard", 308) : refused(context, NO_PAGE),
  );

  app.onError((error, context) => {
    const requestId = dependencies.requestIdOf(context);
    log.error("dashboard_failed", { requestId, path: context.req.path, ...errorFields(error) });
    return refused(context, {
      status: 500,
      title: "The server failed on this",
      text: `What was asked for may or may not have been done: look at the list. Report it as ${requestId}.`,
    });
  });
  return app;

  async function ownForm(context: Context): Promise<URLSearchParams | null> {
    if (!isFromOwnPage(context.req.raw, publicOrigin)) return null;
    const text = await dependencies.readText(context.req.raw);
    if (typeof text !== "string") return null;
    const form = new URLSearchParams(text);
    return sessions.isOwnForm(context, form.get("form_token") ?? "") ? form : null;
  }

  function signIn(context: Context, refusal: string | null): Response | Promise<Response> {
    const content = signInPage({ formToken: sessions.formToken(context), refusal });
    return context.html(content, refusal === null ? 200 : 401);
  }

  async function approvals(context: Context, person: Person, shown: {
    after?: WaitingCursor | null;
    notice?: ApprovalsView["notice"];
    nameRefusal?: string;
    status?: 200 | 400 | 409;
  }): Promise<Response> {
    const after = shown.after ?? null;
    const [waiting, decided, tenantNowMs] = await Promise.all([
      readWaiting(services, person.tenantId, { after, limit: WAITING_MAX }),
      readDecided(services, person.tenantId, DECIDED_MAX),
      services.payments.clocks.nowMs(person.tenantId),
    ]);
    const content = approvalsPage({
      person,
      formToken: sessions.formToken(context),
      waiting,
      isContinued: after !== null,
      decided,
      nowMs: nowMs(),
      tenantNowMs,
      notice: shown.notice ?? null,
      nameRefusal: shown.nameRefusal ?? null,
      mark: after === null
        ? markOf(waiting, decided[0]?.decision.resourceId)
        : await currentMark(services, person),
    });
    return context.html(content, shown.status ?? 200);
  }
}

const ITEM_ID = /^(re|tr)_[0-9a-z]{26}$/;

/** Scripts, styles and forms of this server only; nothing from elsewhere, in no frame, kept by no cache. */
function headers() {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      scriptSrc: ["'self'"],
      connectSrc: ["'self'"],
      imgSrc: ["data:"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    // With none at all, browsers say of a form that it comes from nowhere.
    referrerPolicy: "same-origin",
    xFrameOptions: "DENY",
    // Of the proxy that has the certificate.
    strictTransportSecurity: false,
    permissionsPolicy: { camera: [], geolocation: [], microphone: [] },
  });
}

interface Refused {
  readonly status: 403 | 404 | 500;
  readonly title: string;
  readonly text: string;
}
const NOT_OWN_PAGE: Refused = {
  status: 403,
  title: "Not from this page",
  text:
    "The request did not come from a form that this dashboard has shown to you now, so nothing was done. Go back " +
    "to the list and try again.",
};
const NO_PAGE: Refused = {
  status: 404,
  title: "There is no such page",
  text: "The dashboard has the approvals.",
};
const NO_ITEM: Refused = {
  status: 404,
  title: "There is nothing to decide",
  text: "No refund or transfer with this id has waited for a person here.",
};

function refused(context: Context, { status, title, text }: Refused): Response | Promise<Response> {
  const content = html`<h1>${title}</h1>
<p>${text}</p>
<p><a href="/dashboard">To the approvals</a></p>`;
  return context.html(page({ title, person: null, formToken: null, path: null, content }), status);
}

/** What came of a decision, as it stands now: told by the database, not by the address. */
async function outcomeNotice(
  services: ApprovalServices,
  { tenantId }: Person,
  id: string,
  wasBefore: boolean,
): Promise<ApprovalsView["notice"]> {
  if (!ITEM_ID.test(id)) return null;
  const [decision, items] = await Promise.all([
    readDecision(services.payments.pool.of(tenantId), tenantId, id),
    readItems(services, tenantId, [id]),
  ]);
  const item = items.get(id);
  if (decision === null || item === undefined) return null;
  const how = { approved: "Approved", rejected: "Rejected", expired: "Expired" }[decision.decision];
  const text: Html = html`${
    wasBefore ? "Nothing was changed, it had been decided before. " : ""
  }<strong>${how}:</strong>
<bdi>${item.title}</bdi>. ${byWhom(decision)}, ${momentOf(decision.decidedAtMs)}. It is
<strong>${item.status.replaceAll("_", " ")}</strong> now.${
    item.outcome === null ? "" : html`
      ${item.outcome}
    `
  }`;
  const kind = item.outcome !== null
    ? "bad"
    : wasBefore || decision.decision === "expired"
    ? "neutral"
    : "good";
  return { title: `${how}: ${item.title}`, content: notice(kind, text) };
}

async function currentMark(services: ApprovalServices, { tenantId }: Person): Promise<string> {
  const [waiting, decided] = await Promise.all([
    readWaiting(services, tenantId, { after: null, limit: WAITING_MAX }),
    readDecided(services, tenantId, 1),
  ]);
  return markOf(waiting, decided[0]?.decision.resourceId);
}

/** The same for the same lists, and only for those. */
function markOf({ items, next }: WaitingPage, latestDecided: string | undefined): string {
  const text = JSON.stringify([items.map(({ id }) => id), next !== null, latestDecided ?? null]);
  return createHash("sha256").update(text).digest("base64url");
}

function cursorOf(text: string | undefined): WaitingCursor | null {
  const match = /^(\d{1,15})\.((?:re|tr)_[0-9a-z]{26})$/.exec(text ?? "");
  return match === null ? null : { expiresAtMs: Number(match[1]), id: match[2] };
}

/** The browser keeps a strict cookie from a navigation that another site began. */
function isLinkFromElsewhere(request: Request): boolean {
  return ["cross-site", "same-site"].includes(request.headers.get("sec-fetch-site") ?? "");
}

function readAsset(name: string): Promise<string> {
  return Deno.readTextFile(new URL(`./assets/${name}`, import.meta.url));
}
