import { html } from "hono/html";
import { APPROVAL_SCOPE } from "./approval_scope.ts";
import { type Html, notice, page } from "./page.ts";

/**
 * Where a person says who they are by a token.
 *
 * @param refusal why the last token was not taken; null the first time
 */
export function signInPage({ formToken, refusal }: { formToken: string; refusal: string | null }): Html {
  return page({
    title: refusal === null ? "Sign in" : "Not signed in",
    person: null,
    formToken: null,
    path: null,
    content: html`
      <h1>Sign in</h1>
      ${refusal === null ? "" : notice("bad", refusal)}
      <p>People who decide about refunds and transfers sign in with a token of their own, with the scope
      <code>${APPROVAL_SCOPE}</code> and no other. An agent’s token is not enough.</p>
      <form class="sign-in" method="post" action="/dashboard/sign-in">
        <input type="hidden" name="form_token" value="${formToken}">
        <label for="identity">Token</label>
        <input id="identity" name="identity" type="password" required autocomplete="off" spellcheck="false"
          aria-describedby="identity-help" ${refusal === null ? "" : html`
            aria-invalid="true"
          `}>
        <p id="identity-help" class="help">On this server’s machine:
      <code>deno task token --sub maria --scope ${APPROVAL_SCOPE}</code>, with the tenant by <code>--tenant</code>. Or from the
      authorization server, where there is one.</p>
        <button class="go">Sign in</button>
      </form>
    `,
  });
}

/** Where nobody needs a token: a person says by which name the audit log is to know them. */
export function nameForm({ formToken, refusal }: { formToken: string; refusal: string | null }): Html {
  return html`
    <form class="sign-in name" method="post" action="/dashboard/sign-in">
      <input type="hidden" name="form_token" value="${formToken}">
      <label for="identity">Your name</label>
      <input id="identity" name="identity" required maxlength="60" autocomplete="name"
        aria-describedby="identity-help" ${refusal === null ? "" : html`
          aria-invalid="true"
        `}>
      <button class="go">Go on</button>
      <p id="identity-help"
        class="help">This server asks nobody for a token, so it takes your word for it. The audit log will
    name you with each decision.</p>
    </form>
  `;
}

/**
 * For somebody who came by a link of another site: the browser keeps the cookie from such a request, and from its reload.
 * This page goes to the dashboard as its own; the script takes along which item the link named.
 */
export function comeAgainPage(): Html {
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <title>mcp-payments-lab</title>
        <script src="/dashboard/assets/dashboard.js" defer></script>
        <noscript><meta http-equiv="refresh" content="0;url=${OWN_LINK}"></noscript>
      </head>
      <body>
        <p><a href="${OWN_LINK}" data-go-on>Go on to the dashboard</a></p>
      </body>
    </html>
  `;
}

/** Not the address of the link itself, which would be a reload. */
const OWN_LINK = "/dashboard?own";
