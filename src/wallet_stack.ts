import { type ApprovalWays, TOKEN_ONLY } from "./core/approval_ways.ts";
import type { Clock } from "./core/clock.ts";
import type { Ids } from "./core/ids.ts";
import type { Database } from "./db/open_database.ts";
import { signingSecret } from "./db/signing_secret.ts";
import { loadRates } from "./load_rates.ts";
import type { PaymentStack } from "./payment_stack.ts";
import { createPayment } from "./payments/create_payment.ts";
import type { PaymentRequest } from "./payments/payment.ts";
import type { PaymentAnswer } from "./payments/payment_answer.ts";
import type { PaymentService } from "./payments/payment_service.ts";
import type { RateSource } from "./wallets/rates.ts";
import type { ChargedTopUp, TopUpCharger } from "./wallets/top_up_charger.ts";
import { type WalletEvents, WalletService } from "./wallets/wallet_service.ts";

const MAX_BATCH = 256;
const MAX_QUEUE = 5_000;
const LANES = 1;
const APPROVAL_LIFETIME_MS = 3_600_000;

/** The wallets domain beside the payments it is topped up by: what the server, the tests and the benchmarks share. */
export async function openWalletStack(options: {
  database: Pick<Database, "pool">;
  stack: Pick<PaymentStack, "pool" | "payments">;
  clock: Clock;
  ids: Ids;
  events: WalletEvents;
  rates?: RateSource;
  lanes?: number;
  /** How what waits for a person is decided; by the call's token alone when left out. */
  approvals?: ApprovalWays;
}): Promise<WalletService> {
  const { stack, clock, ids, events } = options;
  return new WalletService({
    pool: stack.pool,
    connection: { ...options.database.pool, applicationName: "mcp-payments-lab" },
    clock,
    clocks: stack.payments.clocks,
    ids,
    rates: options.rates ?? await loadRates({ ratesFile: null }),
    charger: chargerOf(stack.payments),
    approvalSecret: await signingSecret(stack.pool, "wallet_approvals"),
    settings: {
      maxBatch: MAX_BATCH,
      maxQueue: MAX_QUEUE,
      lanes: options.lanes ?? LANES,
      approvalLifetimeMs: APPROVAL_LIFETIME_MS,
      approvals: options.approvals ?? TOKEN_ONLY,
    },
    events,
  });
}

/** A top-up is a card payment like any other: screened, challenged, routed, charged, booked and audited. */
function chargerOf(payments: PaymentService): TopUpCharger {
  return {
    charge: async (charge, challengeAnswer) => {
      const request: PaymentRequest = {
        ...charge,
        method: "card",
        description: "Wallet top-up",
        deviceId: null,
        ipAddress: null,
        country: null,
        addressId: null,
        metadata: null,
        confirmation: null,
      };
      const made = await createPayment(payments, request);
      const token = made.answer.challenge?.confirm_token ?? null;
      if (challengeAnswer === null || token === null) return chargedOf(made.answer);
      const confirmation = { token, answer: challengeAnswer };
      return chargedOf((await createPayment(payments, { ...request, confirmation })).answer);
    },
  };
}

function chargedOf(answer: PaymentAnswer): ChargedTopUp {
  const { challenge } = answer;
  return {
    paymentId: answer.payment_id,
    status: answer.status,
    occurredAtMs: Date.parse(answer.occurred_at),
    feeMinor: BigInt(answer.fee_minor),
    riskScore: answer.risk_score,
    decline: answer.decline,
    challenge: challenge === null ? null : {
      askedBy: challenge.asked_by,
      about: challenge.about,
      expiresAtMs: Date.parse(challenge.expires_at),
    },
  };
}
