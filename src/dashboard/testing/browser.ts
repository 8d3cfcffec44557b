/**
 * A browser without a screen: keeps cookies, sends what a browser sends with a form, and follows where it is sent.
 *
 *     const maria = new Browser(served.url);
 *     await maria.signIn("maria");
 *     await maria.decide(refundId, "approve");
 */
export class Browser {
  readonly cookies = new Map<string, string>();
  /** As set: with their attributes. */
  readonly setCookies: string[] = [];
  readonly #origin: string;
  #page = "";

  /** @param url of the server, with any path */
  constructor(url: string) {
    this.#origin = new URL(url).origin;
  }

  /** The text of the page shown last. */
  get page(): string {
    return this.#page;
  }

  async open(path = "/dashboard", headers: Record<string, string> = {}): Promise<Response> {
    return await this.#keep(
      await fetch(`${this.#origin}${path}`, {
        redirect: "manual",
        headers: { "sec-fetch-site": "none", ...this.#cookieHeader(), ...headers },
      }),
    );
  }

  /**
   * Posts a form as a page of this server does, with the token of the form shown last unless the fields have another.
   *
   * @param headers in place of those that the browser would send; an empty text leaves one out
   */
  async post(
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const sent = {
      "sec-fetch-site": "same-origin",
      origin: this.#origin,
      "content-type": "application/x-www-form-urlencoded",
      ...this.#cookieHeader(),
      ...headers,
    };
    const response = await this.#keep(
      await fetch(`${this.#origin}${path}`, {
        method: "POST",
        redirect: "manual",
        headers: Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== "")),
        body: new URLSearchParams({ form_token: this.formToken, ...fields }),
      }),
    );
    const location = response.headers.get("location");
    if (response.status === 303 && location !== null) await this.open(location.replace(/#.*/, ""));
    return response;
  }

  async signIn(identity: string): Promise<Response> {
    await this.open();
    return await this.post("/dashboard/sign-in", { identity });
  }

  decide(
    id: string,
    decision: "approve" | "reject",
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return this.post("/dashboard/approvals", { id, decision }, headers);
  }

  get formToken(): string {
    return /name="form_token" value="([^"]+)"/.exec(this.#page)?.[1] ?? "";
  }

  /** The ids of what the page shows as waiting, in its order. */
  get waiting(): string[] {
    return [...this.#page.matchAll(/<article class="item" id="([^"]+)"/g)].map(([, id]) => id);
  }

  /** The page's notice, without marks. */
  get notice(): string {
    return text(/<div\s+id="notice"[^>]*>(.*?)<\/div>/s.exec(this.#page)?.[1] ?? "");
  }

  /** What the page shows as decided, the latest first, without marks. */
  get decided(): string[] {
    const list = /<ol class="decided">(.*?)<\/ol>/s.exec(this.#page)?.[1] ?? "";
    return [...list.matchAll(/<li>(.*?)<\/li>/gs)].map(([, item]) => text(item));
  }

  #cookieHeader(): Record<string, string> {
    return this.cookies.size === 0
      ? {}
      : { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
  }

  async #keep(response: Response): Promise<Response> {
    for (const cookie of response.headers.getSetCookie()) {
      this.setCookies.push(cookie);
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      if (/max-age=0/i.test(cookie)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const page = await response.text();
    if (response.headers.get("content-type")?.startsWith("text/html") && page !== "") this.#page = page;
    return response;
  }
}

function text(markup: string): string {
  return markup.replace(/<[^>]*>/g, "").replace(/\s+/g, " ").trim();
}
