import { z } from "zod";
import { OperatorError } from "./core/run_command.ts";

/** A wrong setting: names the variable, shows the value, says what is allowed. */
export class ConfigError extends OperatorError {
  override name = "ConfigError";

  constructor(
    text: string,
    { code = "invalid_setting", cause }: { code?: ConfigCode; cause?: unknown } = {},
  ) {
    super(code, text, { cause });
  }
}

/** What a variable's value leads to; `invalid_setting` where the value itself, or two together, cannot be. */
export type ConfigCode =
  | "invalid_setting"
  /** Another program listens there. */
  | "port_in_use"
  /** This account, or this task, may not listen there. */
  | "address_not_permitted"
  /** JWT_JWKS_URL gives no keys to check a token by. */
  | "jwks_unreadable"
  /** The folder of a model gives none that this program can serve. */
  | "model_unusable"
  | "rates_unreadable"
  /** The providers at PROVIDERS_URL have another book than this database's charges are in. */
  | "providers_are_others";

export interface Config {
  readonly port: number;
  readonly host: string;
  /** Absolute path of the folder that holds the database, the model and the providers' memory. */
  readonly dataDirectory: string;
  /** Any PostgreSQL; null for the embedded one. */
  readonly databaseUrl: string | null;
  /** Port of the embedded PostgreSQL; null for any free one. */
  readonly postgresPort: number | null;
  /** HS256 secret of bearer tokens; null leaves the server open, on loopback only. */
  readonly jwtSecretKey: string | null;
  /** Where the keys of bearer tokens are published, http(s) or file; null where they are signed with the secret. */
  readonly jwtJwksUrl: string | null;
  /** Who must have issued a token: an authorization server's identifier. Null for whoever has the key. */
  readonly jwtIssuer: string | null;
  readonly jwtAudience: string;
  /** What a scrape of /metrics must bring; null where anybody who reaches the server may read them. */
  readonly metricsToken: string | null;
  /** Where clients reach this server, without a path; null for what each request is addressed to. */
  readonly publicUrl: string | null;
  /** Calls per principal; null for no limit. */
  readonly rateLimit: RateLimit | null;
  /** Host names besides localhost that requests may be addressed to. */
  readonly allowedHosts: readonly string[];
  /** Origins' host names besides localhost that browsers may call from. */
  readonly allowedOrigins: readonly string[];
  readonly readTimeoutMs: number;
  readonly providerTimeoutMs: number;
  /** Multiplies the simulated providers' latency: 1 as profiled, 0 for none. */
  readonly providerLatencyScale: number;
  /** Where the providers run as a process of their own; null for in this one. */
  readonly providersUrl: string | null;
  /** The id of the one book of providers in another process that is taken, whatever is pinned; null for the pinned one. */
  readonly providersBook: string | null;
  /** Port of `deno task providers`, and of a server that lets its own be reached. */
  readonly providersPort: number;
  /** Whether the providers in this process can be asked and given faults on `providersPort`, on this machine only. */
  readonly providersListen: boolean;
  /** What providers sign webhooks with, on both sides; null for no webhooks. */
  readonly webhookSecret: string | null;
  /** Where providers send webhooks, without the provider's name; null for the server's own default. */
  readonly webhookUrl: string | null;
  /** Whether a payment that the first provider is known not to have charged goes to a second one. */
  readonly failover: boolean;
  /** The risk score from which a customer has to pass a challenge; null for never. */
  readonly stepUpAt: number | null;
  /** Share of what the fraud model would decline that is approved at random, 0 to 1. */
  readonly exploreDeclines: number;
  /** Whether a pending answer's token approves as well; else only a person on the dashboard does. */
  readonly approvalTokens: boolean;
  /** Whether a call may set its payment's time (`_meta`); `token` leaves it to the scope `simulate`. */
  readonly simulatedTime: "on" | "off" | "token";
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** Folder of the fraud model; null for the promoted one, else the data folder's own, else the shipped one. */
  readonly modelDirectory: string | null;
  /** Folder of a second fraud model that scores in the shadow of the first; null for none. */
  readonly challengerDirectory: string | null;
  /** A table of exchange rates for wallets; null for the shipped one. */
  readonly ratesFile: string | null;
  /** Database connections besides the group commits' own. */
  readonly poolSize: number;
}

export interface RateLimit {
  readonly calls: number;
  readonly perSeconds: number;
}

const SECONDS = { second: 1, minute: 60, hour: 3600, day: 86400 } as const;
const JWT_SECRET_MIN_CHARS = 32;
const METRICS_TOKEN_MIN_CHARS = 16;
const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

/** Digits only: JavaScript would also read "0x50", "8e3" and " 80" as numbers. */
const integer = (low: number, high: number) =>
  z.string().regex(/^[0-9]{1,9}$/).transform(Number).pipe(z.int().min(low).max(high));
const decimal = (low: number, high: number) =>
  z.string().regex(/^[0-9]{1,9}(\.[0-9]{1,9})?$/).transform(Number).pipe(z.number().min(low).max(high));
const port = integer(1, 65535);
const httpUrl = z.string().regex(/^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/);
const HOST_NAME = /^([a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*|\[[0-9a-f:.]+\])$/;
const hostNames = z.string().transform((text) =>
  text.split(",").map((item) => item.trim().toLowerCase()).filter((item) => item !== "")
).pipe(z.array(z.string().regex(HOST_NAME)));
const HOST_NAMES_EXPECTED =
  "host names without scheme and port, separated by commas, such as pay.example.com,[::1]";

/** One entry for each variable: its form, its default, and what to say when it is wrong. */
const VARIABLES = {
  PORT: { schema: port, fallback: "8000", expected: "a port from 1 to 65535" },
  HOST: {
    schema: z.union([
      z.ipv4(),
      z.ipv6(),
      z.string().regex(/^(?![0-9.]+$)[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/),
    ]),
    fallback: "127.0.0.1",
    expected: "an address or name of this machine to listen on, such as 127.0.0.1",
  },
  DATA_DIR: { schema: z.string().min(1), fallback: ".data", expected: "a folder" },
  DATABASE_URL: {
    schema: z.string().regex(/^postgres(ql)?:\/\/[^/]+\/.+/),
    fallback: null,
    expected: "a URL such as postgres://user:password@host:5432/database",
    secret: true,
  },
  POSTGRES_PORT: { schema: port, fallback: null, expected: "a port from 1 to 65535" },
  JWT_SECRET_KEY: {
    schema: z.string().min(JWT_SECRET_MIN_CHARS),
    fallback: null,
    expected: `a secret of at least ${JWT_SECRET_MIN_CHARS} characters`,
    secret: true,
  },
  JWT_JWKS_URL: {
    schema: z.string().regex(/^(https?:\/\/[^\s/?#]+(\/\S*)?|file:\/\/\/\S+)$/),
    fallback: null,
    expected: "a URL such as https://issuer.example.com/jwks.json or file:///etc/lab/jwks.json",
  },
  JWT_ISSUER: {
    schema: httpUrl,
    fallback: null,
    expected: "the issuer's URL, letter by letter as in its tokens, such as https://issuer.example.com",
  },
  JWT_AUDIENCE: {
    schema: z.string().min(1),
    fallback: "mcp-payments-lab",
    expected: "the audience tokens are for",
  },
  API_RATE_LIMIT: {
    schema: z.string().regex(/^(off|[1-9][0-9]{0,8}\/(second|minute|hour|day))$/),
    fallback: "off",
    expected: "off, or a number of calls per time such as 1000/hour",
  },
  ALLOWED_HOSTS: { schema: hostNames, fallback: "", expected: HOST_NAMES_EXPECTED },
  ALLOWED_ORIGINS: { schema: hostNames, fallback: "", expected: HOST_NAMES_EXPECTED },
  METRICS_TOKEN: {
    // As it stands in a header.
    schema: z.string().regex(/^[\x21-\x7e]+$/).min(METRICS_TOKEN_MIN_CHARS),
    fallback: null,
    expected: `a token of at least ${METRICS_TOKEN_MIN_CHARS} characters, without blanks`,
    secret: true,
  },
  PUBLIC_URL: {
    schema: z.string().regex(/^https?:\/\/[^\s/?#]+$/),
    fallback: null,
    expected: "a URL without a path, such as https://pay.example.com",
  },
  READ_TIMEOUT_MS: {
    schema: integer(100, 120_000),
    fallback: "10000",
    expected: "100 to 120000 milliseconds",
  },
  PROVIDER_TIMEOUT_MS: {
    schema: integer(50, 60_000),
    fallback: "2000",
    expected: "50 to 60000 milliseconds",
  },
  PROVIDER_LATENCY_SCALE: {
    schema: decimal(0, 100),
    fallback: "1",
    expected: "a factor from 0 to 100",
  },
  PROVIDERS_URL: { schema: httpUrl, fallback: null, expected: "a URL such as http://127.0.0.1:8100" },
  PROVIDERS_BOOK: {
    schema: z.string().regex(/^book_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    fallback: null,
    expected: "the id of a book, as GET /book of the providers tells it",
  },
  PROVIDERS_PORT: { schema: port, fallback: "8100", expected: "a port from 1 to 65535" },
  PROVIDERS_LISTEN: { schema: z.enum(["on", "off"]), fallback: "off", expected: "on or off" },
  PROVIDER_WEBHOOK_SECRET: {
    schema: z.string().min(JWT_SECRET_MIN_CHARS),
    fallback: null,
    expected: `a secret of at least ${JWT_SECRET_MIN_CHARS} characters`,
    secret: true,
  },
  WEBHOOK_URL: { schema: httpUrl, fallback: null, expected: "a URL such as http://127.0.0.1:8000/webhooks" },
  FAILOVER: { schema: z.enum(["on", "off"]), fallback: "on", expected: "on or off" },
  STEP_UP_AT: {
    schema: z.union([z.literal("off"), decimal(0, 74.9)]),
    fallback: "59",
    expected: "off, or a risk score from 0 to 74.9",
  },
  EXPLORE_DECLINES: { schema: decimal(0, 1), fallback: "0", expected: "a share from 0 to 1, such as 0.05" },
  APPROVAL_TOKENS: { schema: z.enum(["on", "off"]), fallback: "on", expected: "on or off" },
  SIMULATED_TIME: { schema: z.enum(["on", "off", "token"]), fallback: null, expected: "on, off or token" },
  LOG_LEVEL: {
    schema: z.enum(["debug", "info", "warn", "error"]),
    fallback: "info",
    expected: "debug, info, warn or error",
  },
  CHALLENGER_MODEL_DIR: {
    schema: z.string().min(1),
    fallback: null,
    expected: "a folder with a trained model",
  },
  MODEL_DIR: { schema: z.string().min(1), fallback: null, expected: "a folder with a trained model" },
  RATES_FILE: {
    schema: z.string().min(1),
    fallback: null,
    expected: "a file with a table of exchange rates",
  },
  POOL_SIZE: {
    schema: integer(1, 80),
    fallback: "8",
    expected: "1 to 80 connections",
  },
} as const satisfies Record<
  string,
  { schema: z.ZodType; fallback: string | null; expected: string; secret?: boolean }
>;

export type VariableName = keyof typeof VARIABLES;

/** Names of all variables, for the permission list and the documentation's test. */
export const VARIABLE_NAMES = Object.keys(VARIABLES) as VariableName[];

/** Reads the configuration; throws {@link ConfigError} for the first value that is wrong. */
export function readConfig(environment: (name: string) => string | undefined): Config {
  const read = <Name extends VariableName>(
    name: Name,
  ): z.infer<(typeof VARIABLES)[Name]["schema"]> | null => {
    const { schema, fallback, expected } = VARIABLES[name];
    const given = environment(name);
    const text = given === undefined || given === "" ? fallback : given;
    if (text === null) return null;
    // Blanks alone are nobody's folder, secret or address.
    const parsed = text.trim() === "" && text !== fallback ? undefined : schema.safeParse(text);
    if (parsed?.success) return parsed.data as z.infer<(typeof VARIABLES)[Name]["schema"]>;
    const shown = "secret" in VARIABLES[name] ? `the given ${text.length} characters` : `"${text}"`;
    throw new ConfigError(
      `${name} must be ${expected}, not ${shown}. Correct or unset the variable ${name}.`,
    );
  };

  const config: Config = {
    port: read("PORT")!,
    host: read("HOST")!,
    dataDirectory: absolute(read("DATA_DIR")!),
    databaseUrl: read("DATABASE_URL"),
    postgresPort: read("POSTGRES_PORT"),
    jwtSecretKey: read("JWT_SECRET_KEY"),
    jwtJwksUrl: read("JWT_JWKS_URL"),
    jwtIssuer: read("JWT_ISSUER"),
    jwtAudience: read("JWT_AUDIENCE")!,
    metricsToken: read("METRICS_TOKEN"),
    publicUrl: read("PUBLIC_URL"),
    rateLimit: rateLimitOf(read("API_RATE_LIMIT")!),
    allowedHosts: read("ALLOWED_HOSTS")!,
    allowedOrigins: read("ALLOWED_ORIGINS")!,
    readTimeoutMs: read("READ_TIMEOUT_MS")!,
    providerTimeoutMs: read("PROVIDER_TIMEOUT_MS")!,
    providerLatencyScale: read("PROVIDER_LATENCY_SCALE")!,
    providersUrl: read("PROVIDERS_URL"),
    providersBook: read("PROVIDERS_BOOK"),
    providersPort: read("PROVIDERS_PORT")!,
    providersListen: read("PROVIDERS_LISTEN") === "on",
    webhookSecret: read("PROVIDER_WEBHOOK_SECRET"),
    webhookUrl: read("WEBHOOK_URL"),
    failover: read("FAILOVER") === "on",
    stepUpAt: stepUpAtOf(read("STEP_UP_AT")!),
    exploreDeclines: read("EXPLORE_DECLINES")!,
    approvalTokens: read("APPROVAL_TOKENS") === "on",
    simulatedTime: read("SIMULATED_TIME") ??
      (environment("JWT_SECRET_KEY") || environment("JWT_JWKS_URL") ? "token" : "on"),
    logLevel: read("LOG_LEVEL")!,
    modelDirectory: read("MODEL_DIR"),
    challengerDirectory: read("CHALLENGER_MODEL_DIR"),
    ratesFile: read("RATES_FILE"),
    poolSize: read("POOL_SIZE")!,
  };
  if (config.jwtSecretKey !== null && config.jwtJwksUrl !== null) {
    throw new ConfigError(
      "JWT_SECRET_KEY and JWT_JWKS_URL are both set, so it is open which of them a token must be signed for. " +
        "Unset JWT_SECRET_KEY to take an authorization server's tokens, or JWT_JWKS_URL to take this server's own.",
    );
  }
  if (config.providersListen && config.providersUrl !== null) {
    throw new ConfigError(
      "PROVIDERS_LISTEN is on, but PROVIDERS_URL says that the providers run elsewhere: this server has none to listen " +
        "for. Unset one of them.",
    );
  }
  if (!asksForTokens(config) && !LOOPBACK.has(config.host)) {
    throw new ConfigError(
      `HOST is "${config.host}", which others can reach, but JWT_SECRET_KEY is not set: anybody could pay. ` +
        `Set JWT_SECRET_KEY to a secret of at least ${JWT_SECRET_MIN_CHARS} characters, or JWT_JWKS_URL, or HOST to ` +
        "127.0.0.1.",
    );
  }
  return config;
}

/** Whether callers have to say who they are; else the server is this machine's alone. */
export function asksForTokens(
  { jwtSecretKey, jwtJwksUrl }: Pick<Config, "jwtSecretKey" | "jwtJwksUrl">,
): boolean {
  return jwtSecretKey !== null || jwtJwksUrl !== null;
}

function stepUpAtOf(setting: "off" | number): number | null {
  return setting === "off" ? null : setting;
}

function rateLimitOf(text: string): RateLimit | null {
  if (text === "off") return null;
  const [calls, unit] = text.split("/");
  return { calls: Number(calls), perSeconds: SECONDS[unit as keyof typeof SECONDS] };
}

function absolute(path: string): string {
  return path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path) ? path : `${Deno.cwd()}/${path}`;
}
