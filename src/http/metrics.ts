import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { CallEvents } from "../mcp/call_tool.ts";
import type { PaymentEvents } from "../payments/payment_service.ts";
import type { ShadowEvents } from "../payments/shadow/shadow_scorer.ts";
import type { WalletEvents } from "../wallets/wallet_service.ts";

const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LAG_INTERVAL_MS = 100;
const SIZE_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** What /metrics serves. Labels come from closed lists only, never from a caller's text. */
export class Metrics {
  readonly registry = new Registry();
  readonly #calls = new Counter({
    name: "mcp_calls_total",
    help: "Tool calls by tool and status: success, or the error's code",
    labelNames: ["tool_name", "status"] as const,
    registers: [this.registry],
  });
  readonly #callSeconds = new Histogram({
    name: "mcp_call_duration_seconds",
    help: "Duration of a tool call on the server",
    labelNames: ["tool_name"] as const,
    buckets: SECONDS_BUCKETS,
    registers: [this.registry],
  });
  readonly #stageSeconds = new Histogram({
    name: "payment_stage_duration_seconds",
    help: "Duration of each stage of create_payment",
    labelNames: ["stage"] as const,
    buckets: SECONDS_BUCKETS,
    registers: [this.registry],
  });
  readonly #payments = new Counter({
    name: "payments_total",
    help: "Payments by final or in-doubt status, and by who declined",
    labelNames: ["status", "declined_by"] as const,
    registers: [this.registry],
  });
  readonly #batchSize = new Histogram({
    name: "group_commit_batch_size",
    help: "Payments or transfers that shared one transaction",
    labelNames: ["phase"] as const,
    buckets: SIZE_BUCKETS,
    registers: [this.registry],
  });
  readonly #batchSeconds = new Histogram({
    name: "group_commit_duration_seconds",
    help: "Duration of one group commit",
    labelNames: ["phase"] as const,
    buckets: SECONDS_BUCKETS,
    registers: [this.registry],
  });
  readonly #shadowed = new Counter({
    name: "fraud_shadow_scores_total",
    help: "Stored payments that a challenger has scored, by what either model's score means at 75",
    labelNames: ["champion", "challenger"] as const,
    registers: [this.registry],
  });
  readonly #explored = new Counter({
    name: "fraud_explored_declines_total",
    help:
      "Payments that the fraud model would decline and chance decided about (EXPLORE_DECLINES), by decision",
    labelNames: ["decision"] as const,
    registers: [this.registry],
  });
  readonly #http = new Counter({
    name: "http_requests_total",
    help: "HTTP requests by route and status code",
    labelNames: ["route", "code"] as const,
    registers: [this.registry],
  });

  /** A gauge that is read when the metrics are asked for. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** Measures how far the event loop is behind until the answer is called, or the process ends. */
  watchEventLoop(): () => void {
    const lag = new Histogram({
      name: "event_loop_lag_seconds",
      help: "How much later than it was due a timer of the server ran",
      buckets: SECONDS_BUCKETS,
      registers: [this.registry],
    });
    let dueMs = performance.now() + LAG_INTERVAL_MS;
    const timer = setInterval(() => {
      const nowMs = performance.now();
      lag.observe(Math.max(0, nowMs - dueMs) / 1000);
      dueMs = nowMs + LAG_INTERVAL_MS;
    }, LAG_INTERVAL_MS);
    Deno.unrefTimer(timer);
    return () => clearInterval(timer);
  }

  request(route: string, code: number): void {
    this.#http.inc({ route, code: String(code) });
  }

  call: CallEvents["call"] = (tool, status, durationMs) => {
    this.#calls.inc({ tool_name: tool, status });
    this.#callSeconds.observe({ tool_name: tool }, durationMs / 1000);
  };

  readonly wallets: WalletEvents = {
    batch: (phase, size, durationMs) => {
      this.#batchSize.observe({ phase }, size);
      this.#batchSeconds.observe({ phase }, durationMs / 1000);
    },
  };

  readonly shadow: ShadowEvents = {
    shadowed: (champion, challenger) => this.#shadowed.inc({ champion, challenger }),
  };

  readonly payments: PaymentEvents = {
    stage: (stage, durationMs) => this.#stageSeconds.observe({ stage }, durationMs / 1000),
    explored: (decision) => this.#explored.inc({ decision }),
    outcome: (status, declinedBy) => this.#payments.inc({ status, declined_by: declinedBy ?? "none" }),
    batch: (phase, size, durationMs) => {
      this.#batchSize.observe({ phase }, size);
      this.#batchSeconds.observe({ phase }, durationMs / 1000);
    },
  };
}
