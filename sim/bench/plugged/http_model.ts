import { FEATURES } from "../../../src/fraud/features/catalogue.ts";
import type { LabelledPayments } from "../../train/labelled_payments.ts";
import { type Contract, contractOf } from "./contract_file.ts";
import { PlugError } from "./plug_error.ts";
import type { PluggedModel, TrainingRows } from "./plugged_model.ts";

const ROWS_A_CALL = 1_000;
/** The call after the last training rows: that is when a scorer trains. */
const FIT_TIMEOUT_MS = 600_000;

/** What a scorer wants of a payment: features, the raw columns, or both. */
interface Wants {
  readonly features: boolean;
  readonly columns: boolean;
  /** Whether it is to be given each fold's training rows. */
  readonly fits: boolean;
}

/**
 * A scorer behind an address. `GET URL/contract` says what it wants; `POST URL/fit` gives it a fold's training rows with
 * the labels known then; `POST URL/score` asks. sim/bench/README.md has the bodies.
 */
export class HttpModel implements PluggedModel {
  readonly saysWhen: boolean;
  readonly trainedUntilMs: number | null;

  private constructor(
    readonly name: string,
    readonly url: string,
    readonly timeoutMs: number,
    readonly contract: Contract,
    readonly wants: Wants,
  ) {
    // What it learns from is what the fold's other models learn from.
    this.saysWhen = contract.saysWhen || wants.fits;
    this.trainedUntilMs = contract.trainedUntilMs;
  }

  static async open(name: string, url: string, timeoutMs: number): Promise<HttpModel> {
    const said = await ask(name, `${url}/contract`, null, timeoutMs);
    const contract = contractOf(said, name, "answer to GET /contract");
    const { needs = ["features"], fits = false } = said as { needs?: unknown; fits?: unknown };
    const known = ["features", "columns"];
    if (!Array.isArray(needs) || needs.length === 0 || needs.some((need) => !known.includes(need))) {
      throw new PlugError(
        "model_wrong_features",
        name,
        `says in GET /contract that it needs ${JSON.stringify(needs)}`,
        `"needs" is a list of "features", "columns" or both.`,
      );
    }
    return new HttpModel(name, url, timeoutMs, contract, {
      features: needs.includes("features"),
      columns: needs.includes("columns"),
      fits: fits === true,
    });
  }

  /** Gives the training rows of a fold, when the scorer wants them. */
  async fit(payments: LabelledPayments, train: TrainingRows, fold: number, madeAtMs: number): Promise<void> {
    if (!this.wants.fits) return;
    for (let from = 0; from < train.length; from += ROWS_A_CALL) {
      const until = Math.min(train.length, from + ROWS_A_CALL);
      const isLast = until === train.length;
      const body = {
        fold,
        made_at_s: madeAtMs / 1000,
        first: from === 0,
        last: isLast,
        ...this.#batch(payments, train.rows.subarray(from, until)),
        labels: Array.from(train.label.subarray(from, until)),
      };
      await ask(this.name, `${this.url}/fit`, body, isLast ? FIT_TIMEOUT_MS : this.timeoutMs);
    }
  }

  async score(payments: LabelledPayments, rows: Uint32Array): Promise<Float64Array> {
    const scores = new Float64Array(rows.length);
    for (let from = 0; from < rows.length; from += ROWS_A_CALL) {
      const part = rows.subarray(from, from + ROWS_A_CALL);
      const answer = await ask(this.name, `${this.url}/score`, this.#batch(payments, part), this.timeoutMs);
      scores.set(this.#probabilities(answer, part.length), from);
    }
    return scores;
  }

  #batch(payments: LabelledPayments, rows: Uint32Array): Record<string, unknown> {
    const { features } = this.contract;
    const batch: Record<string, unknown> = { payments: rows.length };
    if (this.wants.features) {
      batch.feature_names = features.map((f) => FEATURES[f].name);
      batch.features = Array.from(rows, (row) => features.map((f) => payments.feature(row, f)));
    }
    if (this.wants.columns) batch.columns = columnsOf(payments, rows);
    return batch;
  }

  #probabilities(answer: unknown, count: number): number[] {
    const said = (answer as { probabilities?: unknown } | null)?.probabilities;
    const isList = Array.isArray(said);
    if (!isList || said.length !== count) {
      throw new PlugError(
        "model_wrong_answer",
        this.name,
        `gave ${isList ? `${said.length} probabilities` : `no list "probabilities"`} for ${count} payments`,
        `POST /score answers {"probabilities": [one number a payment, in the order of the payments]}.`,
      );
    }
    // JSON has no NaN: a serializer that meets one writes null.
    const bad = said.findIndex((value) => typeof value !== "number");
    if (bad >= 0) {
      throw new PlugError(
        "model_no_probability",
        this.name,
        `gave ${JSON.stringify(said[bad])} for payment ${bad + 1} of a batch of ${count}`,
        "The contract is a number from 0 to 1; null is what NaN becomes in JSON.",
      );
    }
    return said;
  }
}

/** The raw columns, by their names in a file of one's own. */
function columnsOf(payments: LabelledPayments, rows: Uint32Array): Record<string, unknown[]> {
  const of = <T>(value: (row: number) => T) => Array.from(rows, value);
  return {
    tx: of((row) => row),
    epoch_s: of((row) => payments.atMs(row) / 1000),
    customer_id: of((row) => payments.customers.names[payments.customer(row)]),
    card_id: of((row) => payments.cards.names[payments.card(row)]),
    terminal_id: of((row) => payments.merchants.names[payments.merchant(row)]),
    amount_usd: of((row) => payments.amountUsd(row)),
    customer_country: of((row) => payments.countries.names[payments.country(row)]),
    category: of((row) => payments.categories.names[payments.category(row)]),
  };
}

/** @param body null asks with GET */
async function ask(name: string, url: string, body: unknown, timeoutMs: number): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: body === null ? "GET" : "POST",
      headers: { "content-type": "application/json" },
      body: body === null ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await response.text();
  } catch (error) {
    throw notReached(name, url, timeoutMs, error as Error);
  }
  if (!response.ok) {
    throw new PlugError(
      "model_refused",
      name,
      `answered ${response.status} to ${url}: ${text.slice(0, 200)}`,
      "Look at the scorer's own log.",
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new PlugError(
      "model_wrong_answer",
      name,
      `answered ${url} with ${JSON.stringify(text.slice(0, 60))}`,
      "Every answer is a JSON object; one to /fit may be empty: {}.",
    );
  }
}

function notReached(name: string, url: string, timeoutMs: number, error: Error): PlugError {
  const { host } = new URL(url);
  if (error.name === "TimeoutError") {
    return new PlugError(
      "model_timeout",
      name,
      `did not answer ${url} within ${timeoutMs / 1000} s`,
      "Make it faster, or wait longer with --model-timeout-s.",
    );
  }
  return error instanceof Deno.errors.NotCapable
    ? new PlugError(
      "model_unreachable",
      name,
      `is at ${host}, where this task may not go`,
      `Allow that address too: ALLOW_NET=,${host} deno task bench:fraud …`,
    )
    : new PlugError(
      "model_unreachable",
      name,
      `is not to be reached at ${url}: ${error.message}`,
      "Start the scorer first, and give its address with --model.",
    );
}
