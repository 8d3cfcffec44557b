/** The k6 that `deno task k6:install` brings. Any k6 from 1.0 on that is already there is used as it is. */
export const K6_VERSION = "1.8.1";
