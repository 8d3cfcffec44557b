/**
 * Kills the server with payments in flight and holds its books against its clients' and its providers':
 *
 *     deno task faults:crash --payments 200 --seed 7
 *
 * A server of its own, in a folder of its own; all of it is gone afterwards. Exit code 1 when anything is wrong.
 */
import { Random } from "../../src/core/random.ts";
import { openPool, type Sql } from "../../src/db/pool.ts";
import { databaseUrl } from "../../src/db/url.ts";
import { temporaryDataDirectory } from "../../src/db/testing/temporary_data_directory.ts";
import { ChargeLog, chargeLogPath } from "../../src/providers/charge_log.ts";
import { startServer } from "../demo/start_server.ts";
import { parseFlags, wholeNumber } from "../parse_flags.ts";
import { type Audit, auditRun } from "./audit_run.ts";
import { callCreatePayment, PayingClients } from "./paying_clients.ts";
import { runCommand } from "../../src/core/run_command.ts";

export interface CrashOptions {
  /** Calls in flight at the moment of the SIGKILL. */
  readonly payments: number;
  readonly seed: number;
  /** Variables of the server, over the run's own. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

export interface CrashResult extends Audit {
  /** Calls without an answer when the server was killed. */
  readonly inFlight: number;
  /** Calls that had been answered before. */
  readonly answered: number;
  /** Payments the killed server left open, and those of them that a provider had already charged. */
  readonly leftOpen: number;
  readonly leftCharged: number;
  /** From the start of the next server until nothing was open. */
  readonly recoveredMs: number;
}

/** Slow providers, so that most of a payment's life is spent in flight; some replies come too late. */
const LATENCY_SCALE = "10";
const RECOVERY_MAX_MS = 60_000;
const POLL_MS = 250;

/** One run: pay, kill, restart, wait without any client, audit; then repeat the unanswered calls and audit again. */
export async function runCrash(options: CrashOptions): Promise<CrashResult> {
  const { payments, seed, log } = options;
  await using folder = await temporaryDataDirectory();
  await Deno.mkdir(folder.path, { recursive: true });
  const environment = {
    PROVIDER_LATENCY_SCALE: LATENCY_SCALE,
    LOG_LEVEL: "warn",
    // Nobody here answers a challenge, and a payment that waits for its customer is not one in doubt.
    STEP_UP_AT: "off",
    ...options.environment,
  };
  const signal = new AbortController().signal;

  const first = await startServer(folder.path, signal, environment);
  const clients = new PayingClients(first.baseUrl, payments, seed);
  // At a moment of the seed's choosing, when calls of every age are in flight.
  await clients.answered(payments + new Random(seed).fork("kill").integer(0, payments));
  const inFlight = clients.unanswered.size;
  await first.kill();
  await clients.stop();
  const answered = clients.seen.length;
  log(`killed with ${inFlight} calls in flight, after ${answered} answers`);

  const restartedMs = performance.now();
  const second = await startServer(folder.path, signal, environment);
  try {
    const sql = openPool({
      url: await databaseUrl(undefined, folder.path),
      max: 1,
      applicationName: "mcp-payments-lab crash run",
    });
    const charges = new ChargeLog(chargeLogPath(folder.path));
    try {
      const left = await readLeftOpen(sql, charges);
      log(`restarted: ${left.open} payments open, ${left.charged} of them charged`);
      const open = await waitUntilSettled(sql, restartedMs + RECOVERY_MAX_MS);
      const recoveredMs = performance.now() - restartedMs;
      log(
        `${open === 0 ? "all settled" : `${open} still open`} ${
          (recoveredMs / 1000).toFixed(1)
        } s after the restart`,
      );
      const alone = await auditRun(sql, charges.all(), clients.seen);

      // A client that repeats what it got no answer to: the key's payment, or a first one where none was stored.
      const repeated = await Promise.all(
        [...clients.unanswered.values()].map((call) => callCreatePayment(`${second.baseUrl}/mcp`, call)),
      );
      await waitUntilSettled(sql, performance.now() + RECOVERY_MAX_MS);
      const after = await auditRun(sql, charges.all(), [...clients.seen, ...repeated]);
      return {
        ...after,
        findings: [...new Set([...alone.findings, ...after.findings])],
        inFlight,
        answered,
        leftOpen: left.open,
        leftCharged: left.charged,
        recoveredMs,
      };
    } finally {
      charges.close();
      await sql.end();
    }
  } finally {
    await second.stop();
  }
}

async function readLeftOpen(sql: Sql, charges: ChargeLog): Promise<{ open: number; charged: number }> {
  const rows = await sql<{ provider: string | null; key: string }[]>`
    select provider, tenant_id || '/' || payment_id || case when charge_number > 1 then '/' || charge_number else '' end as key
      from payments where status in ('processing', 'requires_action', 'in_doubt')`;
  const charged = rows.filter(({ provider, key }) =>
    provider !== null && charges.find(provider, key)?.outcome === "approved"
  );
  return { open: rows.length, charged: charged.length };
}

async function waitUntilSettled(sql: Sql, untilMs: number): Promise<number> {
  for (;;) {
    const [{ open }] = await sql<{ open: number }[]>`
      select count(*)::int as open from payments where status in ('processing', 'requires_action', 'in_doubt')`;
    if (open === 0 || performance.now() >= untilMs) return open;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function report(options: CrashOptions, result: CrashResult): string {
  const line = (what: string, value: string | number) => `${String(value).padStart(9)}  ${what}`;
  return [
    `crash run, seed ${options.seed}`,
    line("calls in flight at the SIGKILL", result.inFlight),
    line("calls answered before", result.answered),
    line("payments left open", result.leftOpen),
    line("of them already charged", result.leftCharged),
    line(
      "seconds from restart until nothing was open, no client helping",
      (result.recoveredMs / 1000).toFixed(1),
    ),
    line("payments in the books at the end, the simulated history included", result.payments),
    line("charges captured by the providers", result.captured),
    line("findings", result.findings.length),
    ...result.findings.slice(0, 20).map((finding) => `           ${finding}`),
    result.findings.length === 0
      ? "Charges equal recorded payments; nothing is in doubt."
      : "The books are wrong.",
  ].join("\n");
}

if (import.meta.main) {
  await runCommand("faults:crash", async (args) => {
    const { values } = parseFlags(args, { values: ["payments", "seed"], switches: [] });
    const options: CrashOptions = {
      payments: wholeNumber("payments", values.payments, 200, 1, 2_000),
      seed: wholeNumber("seed", values.seed, 7, 0, 4_294_967_295),
      log: (line) => console.error(line),
    };
    const result = await runCrash(options);
    console.log(report(options, result));
    return result.findings.length === 0;
  });
}
