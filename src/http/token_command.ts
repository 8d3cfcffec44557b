/**
 * `deno task token [--sub agent-1] [--tenant default] [--scope "payments wallets"] [--ttl 86400]`: prints a bearer
 * token signed with JWT_SECRET_KEY.
 *
 *     --scope    any of payments wallets analytics monitoring compliance, all of these when left out; `simulate` beside
 *                them for who sets payments' own times, such as deno task simulate --live; or approvals:decide alone, for
 *                a person who decides on the dashboard
 *     --ttl      seconds that it is good for
 */
import { parseArgs } from "node:util";
import { ConfigError, readConfig } from "../config.ts";
import { systemClock } from "../core/clock.ts";
import {
  DEFAULT_TENANT,
  issueToken,
  PRINCIPAL,
  type Scope,
  SCOPES,
  TENANT,
  TOOL_SCOPES,
} from "./authenticate.ts";
import { FlagError, runCommand } from "../core/run_command.ts";
import { APPROVAL_SCOPE } from "../dashboard/approval_scope.ts";

const TTL_MAX_S = 365 * 24 * 3600;

export async function tokenFromArgs(
  args: string[],
  environment: (name: string) => string | undefined,
  nowMs: number,
): Promise<string> {
  const { values } = parseArgs({
    args,
    options: {
      sub: { type: "string", default: "local" },
      tenant: { type: "string", default: DEFAULT_TENANT },
      scope: { type: "string", default: TOOL_SCOPES.join(" ") },
      ttl: { type: "string", default: "86400" },
    },
  });
  const config = readConfig(environment);
  if (config.jwtJwksUrl !== null) {
    throw new ConfigError(
      "JWT_JWKS_URL is set, so tokens come from its authorization server: only that has the keys to sign with.",
    );
  }
  if (config.jwtSecretKey === null) {
    throw new ConfigError(
      "JWT_SECRET_KEY is not set, so there is nothing to sign with. Set it to the server's secret; " +
        "a server without one needs no token.",
    );
  }
  const scopes = values.scope.split(/[\s,]+/).filter((scope) => scope !== "");
  const unknown = scopes.find((scope) =>
    scope !== APPROVAL_SCOPE && !(SCOPES as readonly string[]).includes(scope)
  );
  if (unknown !== undefined || scopes.length === 0) {
    throw new FlagError(
      `--scope takes any of ${SCOPES.join(" ")}, or ${APPROVAL_SCOPE} alone` +
        (unknown === undefined
          ? ", and it names none: a token without a scope may call nothing. Leave --scope out for all tools."
          : `, not "${unknown}".`),
    );
  }
  if (scopes.includes(APPROVAL_SCOPE) && scopes.length > 1) {
    throw new FlagError(
      `--scope takes ${APPROVAL_SCOPE} alone: whoever may ask for a refund must not decide about it. ` +
        "Issue two tokens.",
    );
  }
  if (!TENANT.test(values.tenant)) {
    throw new FlagError(`--tenant must be 1 to 63 of a–z 0–9 _ -, not "${values.tenant}".`);
  }
  if (!PRINCIPAL.test(values.sub)) {
    throw new FlagError(`--sub must be 1 to 128 visible ASCII characters, not "${values.sub}".`);
  }
  const expiresInS = Number(values.ttl);
  if (!Number.isInteger(expiresInS) || expiresInS < 1 || expiresInS > TTL_MAX_S) {
    throw new FlagError(`--ttl must be 1 to ${TTL_MAX_S} seconds, not "${values.ttl}".`);
  }
  return await issueToken(
    { ...config, jwtSecretKey: config.jwtSecretKey },
    { principal: values.sub, tenantId: values.tenant, scopes: scopes as Scope[], expiresInS },
    nowMs,
  );
}

if (import.meta.main) {
  await runCommand("token", async (args) => {
    console.log(await tokenFromArgs(args, (name) => Deno.env.get(name), systemClock.nowMs()));
  });
}
