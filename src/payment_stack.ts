import { join } from "node:path";
import type { Config } from "./config.ts";
import { type ApprovalWays, TOKEN_ONLY } from "./core/approval_ways.ts";
import type { Clock } from "./core/clock.ts";
import type { Ids } from "./core/ids.ts";
import { Random } from "./core/random.ts";
import type { Database } from "./db/open_database.ts";
import { TenantPool } from "./db/tenant_pool.ts";
import { signingSecret } from "./db/signing_secret.ts";
import { declineExploration } from "./fraud/explore_declines.ts";
import { DisputeModel } from "./fraud/disputes/dispute_model.ts";
import { RefundModel } from "./fraud/refunds/refund_model.ts";
import type { FraudModelPort } from "./fraud/screen_payment.ts";
import { type PaymentEvents, PaymentService } from "./payments/payment_service.ts";
import { ACQUIRER_PROFILES } from "./providers/acquirer_profiles.ts";
import { ChargeLog, chargeLogPath } from "./providers/charge_log.ts";
import { FaultPlan } from "./providers/faults.ts";
import type { PinnedBook } from "./providers/pinned_book.ts";
import type { Provider } from "./providers/provider.ts";
import { RemoteProvider } from "./providers/remote_provider.ts";
import { SimulatedAcquirer } from "./providers/simulated_acquirer.ts";
import type { ChargeEvent } from "./providers/webhook_event.ts";
import { RoutingStore } from "./routing/routing_store.ts";

export interface PaymentStack {
  readonly pool: TenantPool;
  readonly payments: PaymentService;
  /** The providers of this process, their memory and the faults ordered from them; null when they run elsewhere. */
  readonly simulated: SimulatedProviders | null;
  /** Resolves when this process remembers what payments will need; it serves before that too. */
  readonly warm: Promise<void>;
  end(): Promise<void>;
}

export interface SimulatedProviders {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly log: ChargeLog;
  readonly faults: FaultPlan;
}

const MAX_BATCH = 128;
const MAX_QUEUE = 5_000;
const CHALLENGE_LIFETIME_MS = 600_000;
const APPROVAL_LIFETIME_MS = 3_600_000;

const DISPUTE_MODEL = new URL("../fixtures/disputes/model.json", import.meta.url);
const REFUND_MODEL = new URL("../fixtures/refunds/model.json", import.meta.url);

/** The payments domain over a database, with its providers: what the server, the tests and the benchmarks share. */
export async function openPaymentStack(options: {
  config: Pick<
    Config,
    | "dataDirectory"
    | "poolSize"
    | "providerTimeoutMs"
    | "providerLatencyScale"
    | "providersUrl"
    | "failover"
    | "stepUpAt"
    | "exploreDeclines"
  >;
  database: Pick<Database, "pool">;
  clock: Clock;
  ids: Ids;
  model: FraudModelPort;
  events: PaymentEvents;
  /** What routing explores by. */
  random?: Random;
  /** How what waits for a person is decided; by the call's token alone when left out. */
  approvals?: ApprovalWays;
  /** Whose charges the payments are about, for providers of another process; any when left out. */
  providersBook?: PinnedBook | null;
  /** Told of what happens at providers in this process. */
  onProviderEvent?: (event: ChargeEvent) => void;
  onError?: (error: unknown) => void;
}): Promise<PaymentStack> {
  const { config, clock, database } = options;
  const simulated = config.providersUrl === null ? await openSimulatedProviders(options) : null;
  const providers = simulated === null
    ? ACQUIRER_PROFILES.map((profile) =>
      new RemoteProvider(profile, config.providersUrl!, options.providersBook)
    )
    : [...simulated.providers.values()];
  const connection = { ...database.pool, applicationName: "mcp-payments-lab" };
  const pool = new TenantPool({ ...connection, max: config.poolSize });
  const routing = new RoutingStore(pool, options.onError);
  routing.start();
  const payments = new PaymentService({
    pool,
    connection,
    clock,
    ids: options.ids,
    model: options.model,
    refundModel: await RefundModel.load(REFUND_MODEL),
    disputeModel: await DisputeModel.load(DISPUTE_MODEL),
    providers,
    routing,
    approvalSecret: await signingSecret(pool, "payment_approvals"),
    exploration: declineExploration(config.exploreDeclines, await signingSecret(pool, "decline_exploration")),
    random: options.random ?? new Random(crypto.getRandomValues(new Uint32Array(1))[0]),
    settings: {
      providerTimeoutMs: config.providerTimeoutMs,
      maxBatch: MAX_BATCH,
      maxQueue: MAX_QUEUE,
      failover: config.failover,
      stepUpAt: config.stepUpAt,
      challengeLifetimeMs: CHALLENGE_LIFETIME_MS,
      approvalLifetimeMs: APPROVAL_LIFETIME_MS,
      approvals: options.approvals ?? TOKEN_ONLY,
    },
    events: options.events,
  });
  const warm = payments.warmUp();
  // Without it payments read what they need.
  warm.catch((error) => options.onError?.(error));
  return {
    pool,
    payments,
    simulated,
    warm,
    end: async () => {
      await payments.end();
      await warm.catch(() => {});
      await routing.stop();
      await pool.end();
      simulated?.log.close();
    },
  };
}

async function openSimulatedProviders({ config, clock, onProviderEvent }: {
  config: Pick<Config, "dataDirectory" | "providerLatencyScale">;
  clock: Clock;
  onProviderEvent?: (event: ChargeEvent) => void;
}): Promise<SimulatedProviders> {
  await Deno.mkdir(join(config.dataDirectory, "providers"), { recursive: true });
  const log = new ChargeLog(chargeLogPath(config.dataDirectory));
  const faults = new FaultPlan();
  const providers = ACQUIRER_PROFILES.map((profile) =>
    new SimulatedAcquirer({
      profile,
      log,
      clock,
      latencyScale: config.providerLatencyScale,
      faults,
      onEvent: onProviderEvent,
    })
  );
  return { providers: new Map(providers.map((provider) => [provider.name, provider])), log, faults };
}
