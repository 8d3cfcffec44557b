/**
 * Whether a request that changes something comes from one of this server's own pages, as the browser says, whatever cookies
 * it brings. Other ports of this machine are another origin, though cookies are theirs too.
 *
 * @param publicOrigin where people reach the server behind a proxy; null for where the request was sent
 */
export function isFromOwnPage(request: Request, publicOrigin: string | null): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin") return false;
  const origin = request.headers.get("origin");
  if (origin === null) return false;
  return origin === publicOrigin || hostOf(origin) === request.headers.get("host");
}

/** Whether a reader on another origin asks: its pages get nothing of the dashboard. */
export function isFromOtherOrigin(request: Request, publicOrigin: string | null): boolean {
  const origin = request.headers.get("origin");
  return origin !== null && origin !== publicOrigin && hostOf(origin) !== request.headers.get("host");
}

/** With its port, where that is not the scheme's own; null for what is no origin, such as "null". */
function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host || null : null;
}
