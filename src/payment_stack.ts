import { join } from "node:path";
import type { Config } from "./config.ts";
import type { Clock } from "./core/clock.ts";
import type { Ids } from "./core/ids.ts";
import type { Database } from "./db/open_database.ts";
import { openPool, type Sql } from "./db/pool.ts";
import type { FraudModelPort } from "./fraud/screen_payment.ts";
import { type PaymentEvents, PaymentService } from "./payments/payment_service.ts";
import { readStatistics } from "./payments/read_statistics.ts";
import { ACQUIRER_PROFILES } from "./providers/acquirer_profiles.ts";
import { ChargeLog, chargeLogPath } from "./providers/charge_log.ts";
import { SimulatedAcquirer } from "./providers/simulated_acquirer.ts";

export interface PaymentStack {
  readonly sql: Sql;
  readonly payments: PaymentService;
  readonly charges: ChargeLog;
  end(): Promise<void>;
}

const MAX_BATCH = 128;
const MAX_QUEUE = 5_000;
const LANES = 1;
const CLOSE_TIMEOUT_S = 5;

/** The payments domain over a database, with its providers: what the server, the tests and the benchmarks share. */
export async function openPaymentStack(options: {
  config: Pick<Config, "dataDirectory" | "poolSize" | "providerTimeoutMs" | "providerLatencyScale">;
  database: Pick<Database, "pool">;
  clock: Clock;
  ids: Ids;
  model: FraudModelPort;
  events: PaymentEvents;
}): Promise<PaymentStack> {
  const { config, clock, database } = options;
  await Deno.mkdir(join(config.dataDirectory, "providers"), { recursive: true });
  const charges = new ChargeLog(chargeLogPath(config.dataDirectory));
  const pool = { ...database.pool, applicationName: "mcp-payments-lab" };
  const sql = openPool({ ...pool, max: config.poolSize });
  const payments = new PaymentService({
    sql,
    pool,
    clock,
    ids: options.ids,
    model: options.model,
    providers: ACQUIRER_PROFILES.map((profile) =>
      new SimulatedAcquirer(profile, charges, clock, config.providerLatencyScale)
    ),
    statistics: await readStatistics(sql),
    settings: {
      providerTimeoutMs: config.providerTimeoutMs,
      maxBatch: MAX_BATCH,
      maxQueue: MAX_QUEUE,
      lanes: LANES,
    },
    events: options.events,
  });
  return {
    sql,
    payments,
    charges,
    end: async () => {
      await payments.end();
      await sql.end({ timeout: CLOSE_TIMEOUT_S });
      charges.close();
    },
  };
}
