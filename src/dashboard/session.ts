import { createHmac, timingSafeEqual } from "node:crypto";
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { APPROVAL_SCOPE } from "./approval_scope.ts";

/** Who looks at the dashboard, for which tenant. */
export interface Person {
  readonly tenantId: string;
  /** As the audit log names them; null where nobody has said it yet, which only a server without tokens allows. */
  readonly name: string | null;
}

/** Whose a bearer token is, or why it is refused. */
export type CheckToken = (token: string) => Promise<
  { caller: { tenantId: string; principal: string; scopes: ReadonlySet<string> } } | { refusal: string }
>;

export interface SessionSettings {
  /** Null where nobody needs a token: then whoever is on this machine decides, under the name they give. */
  readonly checkToken: CheckToken | null;
  /** What lets a token call tools: one that may is none of a person who decides. */
  readonly toolScopes: readonly string[];
  /** Of a server without tokens. */
  readonly defaultTenantId: string;
  /** Where it is reached by https, cookies are for https only. */
  readonly isSecure: boolean;
  /** What form tokens are made with; the same for all servers on one database. */
  readonly secret: Uint8Array;
}

/** Who a person is: their token, or the name they gave. Sent to this path only, never with another site's request. */
const IDENTITY = "dashboard_identity";
/** Ties forms to the browser that they were shown in, also before anybody has said who they are. */
const BROWSER = "dashboard_browser";
const BROWSER_ID_BYTES = 24;
/** A browser silently drops a cookie of more than 4,096 bytes, names and attributes included. */
const TOKEN_MAX_CHARS = 3_800;
/** A person's name as it may stand in the audit log. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} .'@_-]{0,59}$/u;

/** Who a request's browser belongs to, and the forms it was shown. */
export class Sessions {
  readonly #settings: SessionSettings;

  constructor(settings: SessionSettings) {
    this.#settings = settings;
  }

  get asksForToken(): boolean {
    return this.#settings.checkToken !== null;
  }

  /** Null for somebody who has to sign in first. The token is checked each time: an expired one signs out by itself. */
  async personOf(context: Context): Promise<Person | null> {
    const { checkToken, defaultTenantId: tenantId } = this.#settings;
    const identity = getCookie(context, IDENTITY);
    if (checkToken === null) {
      return { tenantId, name: identity !== undefined && NAME.test(identity) ? identity : null };
    }
    if (identity === undefined) return null;
    const known = await this.#approver(identity, checkToken);
    return "refusal" in known ? null : known;
  }

  /** Keeps who they are, by token or by name; answers why not. */
  async signIn(context: Context, given: string): Promise<string | null> {
    const { checkToken } = this.#settings;
    const identity = given.trim();
    if (checkToken === null) {
      if (!NAME.test(identity)) {
        return "A name is 1 to 60 letters, digits, blanks and . ' @ _ - and begins with a letter or digit.";
      }
    } else {
      if (identity.length > TOKEN_MAX_CHARS) {
        return `The token is longer than ${TOKEN_MAX_CHARS} characters, which no browser keeps. Ask for one with fewer claims.`;
      }
      const known = await this.#approver(identity, checkToken);
      if ("refusal" in known) return known.refusal;
    }
    this.#set(context, IDENTITY, identity);
    return null;
  }

  signOut(context: Context): void {
    deleteCookie(context, IDENTITY, { path: COOKIE_PATH, secure: this.#settings.isSecure });
  }

  /**
   * What the forms of this browser and this person carry; gives the browser its id where it has none. Once for an
   * answer.
   */
  formToken(context: Context): string {
    let browser = getCookie(context, BROWSER);
    if (browser === undefined) {
      browser = crypto.getRandomValues(new Uint8Array(BROWSER_ID_BYTES)).toHex();
      this.#set(context, BROWSER, browser);
    }
    return this.#sign(browser, getCookie(context, IDENTITY));
  }

  /** Whether a form was shown to this browser, to whoever it belongs to now. */
  isOwnForm(context: Context, token: string): boolean {
    const browser = getCookie(context, BROWSER);
    if (browser === undefined) return false;
    const expected = new TextEncoder().encode(this.#sign(browser, getCookie(context, IDENTITY)));
    const given = new TextEncoder().encode(token);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  async #approver(token: string, checkToken: CheckToken): Promise<Person | { refusal: string }> {
    const checked = await checkToken(token);
    if ("refusal" in checked) return checked;
    const { tenantId, principal, scopes } = checked.caller;
    if (!scopes.has(APPROVAL_SCOPE)) {
      return {
        refusal:
          `The token lacks the scope ${APPROVAL_SCOPE}. An agent's token is not enough to decide here.`,
      };
    }
    const forbidden = this.#settings.toolScopes.filter((scope) => scopes.has(scope));
    if (forbidden.length > 0) {
      return {
        refusal: `The token is good for calls as well: beside ${APPROVAL_SCOPE} it has ${
          forbidden.join(", ")
        }. Ask for one with the scope ${APPROVAL_SCOPE} alone: whoever calls tools must not decide about what they asked for.`,
      };
    }
    return { tenantId, name: principal };
  }

  #sign(browser: string, identity: string | undefined): string {
    return createHmac("sha256", this.#settings.secret).update(JSON.stringify([browser, identity ?? null]))
      .digest("base64url");
  }

  /** Until the browser is closed. */
  #set(context: Context, name: string, value: string): void {
    setCookie(context, name, value, {
      path: COOKIE_PATH,
      httpOnly: true,
      sameSite: "Strict",
      secure: this.#settings.isSecure,
    });
  }
}

const COOKIE_PATH = "/dashboard";
