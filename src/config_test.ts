import { expect } from "expect";
import { type Config, ConfigError, readConfig, VARIABLE_NAMES, type VariableName } from "./config.ts";

const SECRET = "0123456789abcdef0123456789abcdef";

Deno.test("readConfig() has a default for every setting", () => {
  expect(read({})).toEqual({
    port: 8000,
    host: "127.0.0.1",
    dataDirectory: `${Deno.cwd()}/.data`,
    databaseUrl: null,
    postgresPort: null,
    jwtSecretKey: null,
    jwtJwksUrl: null,
    jwtIssuer: null,
    jwtAudience: "mcp-payments-lab",
    metricsToken: null,
    publicUrl: null,
    rateLimit: null,
    allowedHosts: [],
    allowedOrigins: [],
    readTimeoutMs: 10_000,
    providerTimeoutMs: 2_000,
    providerLatencyScale: 1,
    providersUrl: null,
    providersBook: null,
    providersPort: 8100,
    providersListen: false,
    webhookSecret: null,
    webhookUrl: null,
    exploreDeclines: 0,
    failover: true,
    stepUpAt: 59,
    approvalTokens: true,
    simulatedTime: "on",
    logLevel: "info",
    modelDirectory: null,
    challengerDirectory: null,
    ratesFile: null,
    poolSize: 8,
  });
});

Deno.test("readConfig() takes an empty variable for an unset one", () => {
  const empty = Object.fromEntries(VARIABLE_NAMES.map((name) => [name, ""]));
  expect(read(empty)).toEqual(read({}));
});

Deno.test("readConfig() reads each variable", () => {
  const cases: [VariableName, string, keyof Config, unknown][] = [
    ["PORT", "65535", "port", 65535],
    ["HOST", "::1", "host", "::1"],
    ["HOST", "localhost", "host", "localhost"],
    ["DATA_DIR", "/var/lib/lab", "dataDirectory", "/var/lib/lab"],
    ["DATA_DIR", "lab", "dataDirectory", `${Deno.cwd()}/lab`],
    ["DATABASE_URL", "postgres://u:p@db:5432/lab", "databaseUrl", "postgres://u:p@db:5432/lab"],
    [
      "DATABASE_URL",
      "postgresql://u@db/lab?sslmode=require",
      "databaseUrl",
      "postgresql://u@db/lab?sslmode=require",
    ],
    ["POSTGRES_PORT", "5433", "postgresPort", 5433],
    ["JWT_SECRET_KEY", SECRET, "jwtSecretKey", SECRET],
    ["JWT_JWKS_URL", "https://id.example.com/keys?v=1", "jwtJwksUrl", "https://id.example.com/keys?v=1"],
    ["JWT_JWKS_URL", "file:///etc/lab/jwks.json", "jwtJwksUrl", "file:///etc/lab/jwks.json"],
    ["JWT_ISSUER", "https://id.example.com/realm", "jwtIssuer", "https://id.example.com/realm"],
    ["JWT_AUDIENCE", "mine", "jwtAudience", "mine"],
    ["METRICS_TOKEN", "0123456789abcdef", "metricsToken", "0123456789abcdef"],
    ["PUBLIC_URL", "https://pay.example.com", "publicUrl", "https://pay.example.com"],
    ["API_RATE_LIMIT", "off", "rateLimit", null],
    ["API_RATE_LIMIT", "5/second", "rateLimit", { calls: 5, perSeconds: 1 }],
    ["API_RATE_LIMIT", "60/minute", "rateLimit", { calls: 60, perSeconds: 60 }],
    ["API_RATE_LIMIT", "1000/hour", "rateLimit", { calls: 1000, perSeconds: 3600 }],
    ["API_RATE_LIMIT", "9/day", "rateLimit", { calls: 9, perSeconds: 86400 }],
    ["ALLOWED_HOSTS", " Pay.Example.com, 10.0.0.7 ,", "allowedHosts", ["pay.example.com", "10.0.0.7"]],
    ["ALLOWED_HOSTS", "[::1]", "allowedHosts", ["[::1]"]],
    ["ALLOWED_ORIGINS", "app.example.com", "allowedOrigins", ["app.example.com"]],
    ["READ_TIMEOUT_MS", "100", "readTimeoutMs", 100],
    ["PROVIDER_TIMEOUT_MS", "60000", "providerTimeoutMs", 60_000],
    ["PROVIDER_LATENCY_SCALE", "0", "providerLatencyScale", 0],
    ["PROVIDER_LATENCY_SCALE", "0.25", "providerLatencyScale", 0.25],
    [
      "PROVIDERS_BOOK",
      "book_0b5cfa3e-5f3c-4f6a-9d53-0e8b8d6f7a10",
      "providersBook",
      "book_0b5cfa3e-5f3c-4f6a-9d53-0e8b8d6f7a10",
    ],
    ["PROVIDERS_URL", "http://127.0.0.1:8100", "providersUrl", "http://127.0.0.1:8100"],
    ["PROVIDERS_PORT", "9100", "providersPort", 9100],
    ["PROVIDERS_LISTEN", "on", "providersListen", true],
    ["PROVIDER_WEBHOOK_SECRET", SECRET, "webhookSecret", SECRET],
    ["WEBHOOK_URL", "https://pay.example.com/webhooks", "webhookUrl", "https://pay.example.com/webhooks"],
    ["FAILOVER", "off", "failover", false],
    ["STEP_UP_AT", "off", "stepUpAt", null],
    ["STEP_UP_AT", "62.5", "stepUpAt", 62.5],
    ["EXPLORE_DECLINES", "0.05", "exploreDeclines", 0.05],
    ["APPROVAL_TOKENS", "off", "approvalTokens", false],
    ["SIMULATED_TIME", "off", "simulatedTime", "off"],
    ["SIMULATED_TIME", "token", "simulatedTime", "token"],
    ["LOG_LEVEL", "debug", "logLevel", "debug"],
    ["MODEL_DIR", "/models/1", "modelDirectory", "/models/1"],
    ["CHALLENGER_MODEL_DIR", "/models/2", "challengerDirectory", "/models/2"],
    ["RATES_FILE", "/rates/today.json", "ratesFile", "/rates/today.json"],
    ["POOL_SIZE", "80", "poolSize", 80],
  ];
  for (const [name, value, field, expected] of cases) {
    expect({ name, value, read: read({ [name]: value })[field] }).toEqual({ name, value, read: expected });
  }
  expect(new Set(cases.map(([name]) => name))).toEqual(new Set(VARIABLE_NAMES));
});

Deno.test("readConfig() refuses a wrong value, and names the variable, the value and what is allowed", () => {
  const cases: Record<VariableName, string[]> = {
    PORT: ["0", "65536", "-1", "8000.5", "8e3", "0x1f40", " 8000", "８０００", "http", " ", "99999999999"],
    HOST: [" ", "a b", "127.0.0.1:8000", "http://localhost", "256.1.1.1", "[::1]", "localhost/"],
    DATA_DIR: ["  "],
    DATABASE_URL: ["localhost", "mysql://u@h/d", "postgres://", "postgres://host", "postgres://host/", " "],
    POSTGRES_PORT: ["0", "70000", "any", "5432.0"],
    JWT_SECRET_KEY: ["short", "0123456789abcdef0123456789abcde", " ".repeat(40)],
    JWT_JWKS_URL: [
      "id.example.com/keys",
      "ftp://id.example.com",
      "https://",
      "file://keys.json",
      "keys.json",
    ],
    JWT_ISSUER: ["id.example.com", "https://id.example.com?x=1", " "],
    JWT_AUDIENCE: ["   "],
    METRICS_TOKEN: ["0123456789abcde", "0123456789 abcdef", " "],
    PUBLIC_URL: ["pay.example.com", "https://pay.example.com/mcp", "https://pay.example.com/", " "],
    API_RATE_LIMIT: ["1000", "0/hour", "-1/hour", "1000/week", "1.5/second", "1000 / hour", "on", "1e3/hour"],
    ALLOWED_HOSTS: ["https://pay.example.com", "pay.example.com:443", "*", "pay example com", "a,b:1"],
    ALLOWED_ORIGINS: ["https://app.example.com", "*.example.com", "null/"],
    READ_TIMEOUT_MS: ["99", "120001", "10s", "1e4", "Infinity", "NaN"],
    PROVIDER_TIMEOUT_MS: ["49", "60001", "-5", "2_000"],
    PROVIDER_LATENCY_SCALE: ["-1", "100.1", "NaN", "Infinity", "1e1", ".5", "1,5"],
    PROVIDERS_BOOK: ["book_1", "0b5cfa3e-5f3c-4f6a-9d53-0e8b8d6f7a10", "any"],
    PROVIDERS_URL: ["127.0.0.1:8100", "ftp://host", "http://", "http://host?x=1", " "],
    PROVIDERS_PORT: ["0", "65536", "any"],
    PROVIDERS_LISTEN: ["true", "ON", "8100"],
    PROVIDER_WEBHOOK_SECRET: ["short", " ".repeat(40)],
    WEBHOOK_URL: ["localhost/webhooks", "http://host#part", "webhooks"],
    FAILOVER: ["true", "ON", "1"],
    STEP_UP_AT: ["75", "-1", "on", "1e1"],
    EXPLORE_DECLINES: ["1.01", "-0.1", "5%", "off", ".1"],
    APPROVAL_TOKENS: ["true", "OFF", "never"],
    SIMULATED_TIME: ["true", "ON", "yes"],
    LOG_LEVEL: ["trace", "INFO", "2"],
    MODEL_DIR: [" "],
    CHALLENGER_MODEL_DIR: [" "],
    RATES_FILE: [" "],
    POOL_SIZE: ["0", "81", "many", "1.5"],
  };
  for (const [name, values] of Object.entries(cases)) {
    for (const value of values) {
      const message = refusal({ [name]: value });
      expect({ name, value, message }).toEqual({
        name,
        value,
        message: expect.stringMatching(
          new RegExp(
            `^invalid_setting: ${name} must be .+, not .+ Correct or unset the variable ${name}\\.$`,
          ),
        ),
      });
    }
  }
  expect(Object.keys(cases).sort()).toEqual([...VARIABLE_NAMES].sort());
});

Deno.test("readConfig() never shows a secret it refuses", () => {
  expect(refusal({ JWT_SECRET_KEY: "hunter2" })).not.toContain("hunter2");
  expect(refusal({ PROVIDER_WEBHOOK_SECRET: "hunter2" })).not.toContain("hunter2");
  expect(refusal({ METRICS_TOKEN: "hunter2" })).not.toContain("hunter2");
  expect(refusal({ DATABASE_URL: "postgres://u:hunter2@host" })).not.toContain("hunter2");
});

Deno.test("readConfig() refuses an address that others can reach unless tokens are asked for", () => {
  for (const host of ["0.0.0.0", "::", "192.168.1.5", "payments.example.com"]) {
    expect(refusal({ HOST: host })).toMatch(
      /^invalid_setting: HOST is ".+", which others can reach, but JWT_SECRET_KEY is not set/,
    );
    expect(read({ HOST: host, JWT_SECRET_KEY: SECRET }).host).toBe(host);
    expect(read({ HOST: host, JWT_JWKS_URL: "https://id.example.com/keys" }).host).toBe(host);
  }
  for (const host of ["127.0.0.1", "::1", "localhost"]) expect(read({ HOST: host }).host).toBe(host);
});

Deno.test("readConfig() refuses to be told of two keys at once", () => {
  expect(refusal({ JWT_SECRET_KEY: SECRET, JWT_JWKS_URL: "https://id.example.com/keys" })).toMatch(
    /^invalid_setting: JWT_SECRET_KEY and JWT_JWKS_URL are both set/,
  );
});

Deno.test("readConfig() leaves the simulated time to tokens where there are tokens", () => {
  expect(read({ JWT_SECRET_KEY: SECRET }).simulatedTime).toBe("token");
  expect(read({ JWT_JWKS_URL: "https://id.example.com/keys" }).simulatedTime).toBe("token");
  expect(read({ JWT_SECRET_KEY: SECRET, SIMULATED_TIME: "on" }).simulatedTime).toBe("on");
});

Deno.test(".env.example lists every variable once, with its default", async () => {
  const text = await Deno.readTextFile(new URL("../.env.example", import.meta.url));
  const entries = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => /^([A-Z_]+)=(.*)$/.exec(line)!.slice(1));
  expect(entries.map(([name]) => name).sort()).toEqual([...VARIABLE_NAMES].sort());
  expect(read(Object.fromEntries(entries))).toEqual(read({}));
});

function read(variables: Record<string, string>): Config {
  return readConfig((name) => variables[name]);
}

function refusal(variables: Record<string, string>): string {
  try {
    read(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "(not refused)";
}
