import { type Config, readConfig } from "../../config.ts";
import type { Log } from "../../core/log.ts";
import { RandomIds } from "../../core/ids.ts";
import type { CallToolDependencies } from "../../mcp/call_tool.ts";
import type { PaymentService } from "../../payments/payment_service.ts";
import { type Lab, type LabOptions, openLab } from "../../payments/testing/open_lab.ts";
import { openWalletStack } from "../../wallet_stack.ts";
import type { WalletService } from "../../wallets/wallet_service.ts";
import { createApp } from "../app.ts";
import { DEFAULT_TENANT, issueToken, type Scope } from "../authenticate.ts";
import { secretKeys, type TokenKeys } from "../token_keys.ts";
import { Metrics } from "../metrics.ts";

export const SECRET = "a-secret-of-the-tests-0123456789abcdef";

const DASHBOARD_SECRET = new TextEncoder().encode("another-secret-of-the-tests-0123456789");

/** One line of the server's log. */
export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface ServedApp extends AsyncDisposable {
  /** Of the protocol's endpoint. */
  readonly url: string;
  readonly log: LogLine[];
  readonly metrics: Metrics;
}

/**
 * The HTTP side on a free port of loopback, over any payments.
 *
 *     await using served = serveApp({ config: { readTimeoutMs: 200 } });
 */
export function serveApp(
  {
    config = {},
    tokenKeys,
    payments,
    wallets,
    nowMs = () => Date.now(),
    isDraining = () => false,
    degradedBy = null,
    wake = () => {},
  }: {
    config?: Partial<Config>;
    /** Instead of the secret in the configuration. */
    tokenKeys?: TokenKeys;
    /** None: for a test that never gets as far as a payment. */
    payments?: PaymentService;
    wallets?: WalletService;
    nowMs?: () => number;
    isDraining?: () => boolean;
    degradedBy?: (() => Promise<string | null>) | null;
    wake?: () => void;
  } = {},
): ServedApp {
  const lines: LogLine[] = [];
  const write = (level: string): Log["info"] => (event, fields = {}) =>
    void lines.push({ level, event, fields });
  const log: Log = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  const metrics = new Metrics();
  const fullConfig: Config = { ...readConfig(() => undefined), ...config };
  const calls: CallToolDependencies = {
    payments: payments ?? NO_PAYMENTS,
    wallets: wallets ?? NO_WALLETS,
    simulatedTime: fullConfig.simulatedTime,
    events: {
      call: metrics.call,
      fault: (tool, requestId, error) => log.error("call_failed", { tool, requestId, error: String(error) }),
    },
  };
  const app = createApp({
    config: fullConfig,
    clock: { nowMs, monotonicMs: () => performance.now() },
    ids: new RandomIds(nowMs),
    log,
    metrics,
    calls,
    tokenKeys: tokenKeys ??
      (fullConfig.jwtSecretKey === null ? null : secretKeys(fullConfig.jwtSecretKey)),
    ready: async () => {
      if (payments !== undefined) await payments.pool.of([])`select 1`;
    },
    degradedBy,
    isDraining,
    dashboardSecret: DASHBOARD_SECRET,
    webhooks: fullConfig.webhookSecret === null
      ? null
      : { secret: fullConfig.webhookSecret, payments: calls.payments, wake },
  });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
  return {
    url: `http://127.0.0.1:${server.addr.port}/mcp`,
    log: lines,
    metrics,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Any use of it is a fault of the test. */
function absent<Service extends object>(what: string): Service {
  return new Proxy({}, {
    get: (_, name) => {
      throw new Error(`This test has no ${what}, but ${String(name)} was asked for`);
    },
  }) as Service;
}
const NO_PAYMENTS = absent<PaymentService>("payments");
const NO_WALLETS = absent<WalletService>("wallets");

export interface ServedLab extends ServedApp {
  readonly lab: Lab;
  readonly wallets: WalletService;
}

/**
 * The HTTP side over a payments domain with a database of its own. Without a secret every caller is of the default
 * tenant, which has `cust_123` with the card `pm_123`; the lab's own people are there for tokens.
 */
export async function serveLab(
  options: { config?: Partial<Config>; lab?: LabOptions } = {},
): Promise<ServedLab> {
  const lab = await openLab(options.lab);
  await lab.owner.unsafe(DEFAULT_PEOPLE).simple();
  const wallets = await openWalletStack({
    database: { pool: { url: lab.database.appUrl } },
    stack: lab.stack,
    clock: lab.clock,
    ids: new RandomIds(() => lab.clock.nowMs()),
    approvals: options.lab?.approvals,
    events: { batch: () => {} },
  });
  const served = serveApp({ config: options.config, payments: lab.service, wallets });
  return {
    ...served,
    lab,
    wallets,
    [Symbol.asyncDispose]: async () => {
      await served[Symbol.asyncDispose]();
      await wallets.end();
      await lab[Symbol.asyncDispose]();
    },
  };
}

const DEFAULT_PEOPLE = `
  insert into tenants (tenant_id) values ('${DEFAULT_TENANT}') on conflict do nothing;
  insert into customers (tenant_id, customer_id, name, email, country, currency, default_payment_method_id, since_ms)
    values ('${DEFAULT_TENANT}', 'cust_123', 'Dana', 'dana@example.test', 'US', 'USD', 'pm_123', 0);
  insert into merchants (tenant_id, merchant_id, name, category, country, currency)
    values ('${DEFAULT_TENANT}', 'merch_default', 'Sandbox Shop', 'general', 'US', 'USD');
  insert into payment_methods (tenant_id, payment_method_id, customer_id, network, issuer, issuer_country, last4)
    values ('${DEFAULT_TENANT}', 'pm_123', 'cust_123', 'visa', 'bank_a', 'US', '1111');
`;

/** An Authorization header of a principal, by default one of the lab's tenant that may pay. */
export async function bearer(
  claims: { principal?: string; tenantId?: string; scopes?: readonly Scope[]; expiresInS?: number } = {},
): Promise<{ authorization: string }> {
  const token = await issueToken(
    { jwtSecretKey: SECRET, jwtAudience: "mcp-payments-lab" },
    { principal: "tester", tenantId: "lab", scopes: ["payments"], expiresInS: 600, ...claims },
    Date.now(),
  );
  return { authorization: `Bearer ${token}` };
}

/** Posts a body as curl would: a JSON content type and nothing else. */
export function post(
  url: string,
  body: BodyInit | Record<string, unknown> | unknown[],
  headers: Record<string, string> = {},
): Promise<Response> {
  const isJson = Array.isArray(body) || Object.getPrototypeOf(body) === Object.prototype;
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: isJson ? JSON.stringify(body) : body as BodyInit,
  });
}

/** A tools/call message with arguments as a JSON text, so that a test decides every byte of it. */
export function callText(tool: string, argumentsText: string): string {
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${tool}","arguments":${argumentsText}}}`;
}

export interface ToolResult {
  readonly isError?: boolean;
  readonly content: readonly { type: string; text: string }[];
  readonly structuredContent: Record<string, unknown>;
}

export interface ToolError {
  readonly code: string;
  readonly message: string;
  readonly field?: string;
  readonly retriable: boolean;
  readonly next_move: string;
}

/** One bare call of a tool. */
export async function callTool(
  url: string,
  tool: string,
  args: Record<string, unknown> | string,
  headers: Record<string, string> = {},
): Promise<ToolResult> {
  const text = typeof args === "string" ? args : JSON.stringify(args);
  const response = await post(url, callText(tool, text), headers);
  const { result } = await response.json() as { result: ToolResult };
  return result;
}

export function errorOf(result: ToolResult): ToolError {
  return result.structuredContent.error as ToolError;
}
