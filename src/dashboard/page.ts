import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { VERSION } from "../version.ts";
import type { Person } from "./session.ts";

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** The dashboard's pages, in the order of its navigation. */
export const PAGES = [{ path: "/dashboard", name: "Approvals" }] as const;

/** Every page: what it is, who looks at it, its content. */
export function page(options: {
  title: string;
  /** Null where somebody has to sign in first: then there is nothing to go to. */
  person: Person | null;
  /** Null for a page without a form to sign out by. */
  formToken: string | null;
  /** The path of the page in the navigation; null for one that is not in it. */
  path: string | null;
  content: Html;
}): Html {
  const { title, person, path, content } = options;
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${title} – mcp-payments-lab</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/dashboard/assets/dashboard.css">
        <script src="/dashboard/assets/dashboard.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
    <p class="product">mcp-payments-lab</p>
    ${person === null ? "" : html`
      <nav aria-label="Dashboard">
        <ul>${PAGES.map((one) =>
          html`<li><a href="${one.path}"${
            one.path === path
              ? html`
                aria-current="page"
              `
              : ""
          }>${one.name}</a></li>`
        )}</ul>
      </nav>
    `}
    ${person === null ? "" : whoLooks(person, options.formToken)}
        </header>
        <main id="content" tabindex="-1">
    ${content}
        </main>
        <footer>
          <p>Version ${VERSION}. All money and all people are simulated.</p>
        </footer>
      </body>
    </html>
  `;
}

function whoLooks({ name, tenantId }: Person, formToken: string | null): Html {
  return html`<div class="who">
<p>${name === null ? "Nobody has said who decides" : html`Deciding as <strong><bdi>${name}</bdi></strong>`}
<span class="tenant">tenant ${tenantId}</span></p>
${
    name === null || formToken === null ? "" : html`
      <form method="post" action="/dashboard/sign-out">
        <input type="hidden" name="form_token" value="${formToken}">
        <button class="quiet">Sign out</button>
      </form>
    `
  }
</div>`;
}

/** What came of what somebody did; read out by a screen reader, and where the keyboard goes on. */
export function notice(kind: "good" | "bad" | "neutral", text: Html | string): Html {
  return html`
    <div id="notice" class="notice ${kind}" role="${kind === "bad" ? "alert" : "status"}" tabindex="-1">
      <p>${text}</p>
    </div>
  `;
}
