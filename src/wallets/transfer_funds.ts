import { createHash } from "node:crypto";
import { invalidApproval, verifyApproval } from "../core/approval_token.ts";
import { approvalByPageOnly } from "../core/approval_ways.ts";
import { assert, unreachable } from "../core/assert.ts";
import { DomainError } from "../core/errors.ts";
import { WALLET_MERCHANT_ID } from "../core/wallet_merchant.ts";
import { keyReusedError } from "../db/idempotency_keys.ts";
import type { Account } from "../ledger/accounts.ts";
import { decideTransfer, readWaitingAnswer } from "./approve_transfer.ts";
import { convertCredit, convertDebit } from "./rates.ts";
import type { PlannedTransfer, StoredError, TransferAnswer, TransferRequest } from "./transfer.ts";
import { parseWalletId, unknownWallet } from "./wallet_id.ts";
import type { WalletService } from "./wallet_service.ts";

export interface TransferredFunds {
  readonly answer: TransferAnswer;
  /** True when an earlier call with the same key, or the same approval, made the transfer. */
  readonly replayed: boolean;
}

/**
 * Moves money between two wallets, at most once for one idempotency key.
 *
 *   1. work out the amounts                                       crash here: nothing has happened
 *   2. one transaction: key, wallets, funds, risk, money, answer  crash after: a repeated call gets the stored answer
 *
 * What is held for a person waits in the ledger; the same call with the approval token posts it, and its expiry
 * voids it.
 *
 * Errors, in the order they are looked for: `unknown_wallet` (no wallet's name), `invalid_arguments` (the same wallet
 * twice, a currency of neither), `invalid_amount` (too little to convert), `invalid_approval_token`, `overloaded`,
 * `idempotency_key_reused`, `unknown_wallet` (sender, then receiver), `insufficient_funds`. The last is an outcome: a
 * repeated key gets it again.
 * A refusal for risk is an answer.
 */
export async function transferFunds(
  service: WalletService,
  request: TransferRequest,
): Promise<TransferredFunds> {
  const plan = planTransfer(service, request);
  const { requestHash } = plan;
  if (request.approvalToken !== null) return await approve(service, plan, request.approvalToken);
  const key = request.idempotencyKey;
  if (key === null) return await firstCall(service, plan);
  return await service.firstTransfers.run<TransferredFunds>({
    key: JSON.stringify([request.tenantId, request.principal, key]),
    requestHash,
    first: () => firstCall(service, plan),
    replay: (answer) => ({ answer, replayed: true }),
    reused: () => {
      throw keyReusedError(key);
    },
  });
}

async function firstCall(service: WalletService, plan: PlannedTransfer): Promise<TransferredFunds> {
  await service.clocks.read(plan.request.tenantId);
  let result = await service.book({ plan, tries: [] });
  if (result.kind === "receiver_not_open") {
    // The first money to a customer or a merchant that is there opens the account.
    await service.references.receiver(plan.request.tenantId, plan.to.accountId);
    result = await service.book({ plan: { ...plan, mayOpenReceiver: true }, tries: [] });
  }
  switch (result.kind) {
    case "done":
      return { answer: result.answer, replayed: false };
    case "replay":
      return { answer: replayed(result.response), replayed: true };
    case "waiting":
      return {
        answer: await readWaitingAnswer(service, plan.request.tenantId, result.transferId),
        replayed: true,
      };
    case "failed":
    case "refused":
      throw result.error;
    case "receiver_not_open":
      return unreachable(result as never, "receiver that may be opened");
  }
}

/** The stored answer, or the stored error thrown again. */
function replayed(response: string): TransferAnswer {
  const stored = JSON.parse(response) as TransferAnswer | StoredError;
  if (!("error" in stored)) return stored;
  const { code, message, field, next_move: nextMove } = stored.error;
  throw new DomainError(code, message, { nextMove, field: field ?? undefined });
}

async function approve(
  service: WalletService,
  plan: PlannedTransfer,
  token: string,
): Promise<TransferredFunds> {
  const { request: { tenantId, principal }, requestHash } = plan;
  if (!service.settings.approvals.byToken) throw approvalByPageOnly(service.settings.approvals);
  const claim = verifyApproval(token, { tenantId, principal, requestHash }, "tr", service.approvalSecret);
  if (claim === null) throw invalidApproval("approval_token", "pending_approval");
  const { approved } = plan.request;
  if (approved === null) {
    return { answer: await readWaitingAnswer(service, tenantId, claim.resourceId), replayed: true };
  }
  const decided = await decideTransfer(service, {
    tenantId,
    transferId: claim.resourceId,
    approved,
    by: { name: principal, via: "token" },
  });
  assert(decided !== null, `Transfer "${claim.resourceId}" is not there, but there is a token for it`);
  return decided;
}

/** Works out what is debited and credited. Whether the wallets are there, the batch that locks them sees. */
function planTransfer(service: WalletService, request: TransferRequest): PlannedTransfer {
  const { amountMinor, currency } = request;
  const from = parseWalletId(request.fromWalletId);
  if (from?.kind !== "wallet") throw unknownWallet("from_wallet_id", request.fromWalletId);
  const to = parseWalletId(request.toWalletId);
  // What that merchant collects goes on to wallets: money sent to it by hand would lie there for ever.
  if (to === null || to.ownerId === WALLET_MERCHANT_ID) {
    throw unknownWallet("to_wallet_id", request.toWalletId);
  }
  if (from.accountId === to.accountId) {
    throw new DomainError("invalid_arguments", `Cannot transfer from "${from.accountId}" to itself.`, {
      field: "to_wallet_id",
      nextMove: "Name two different wallets.",
    });
  }
  if (currency !== from.currency && currency !== to.currency) {
    throw new DomainError(
      "invalid_arguments",
      `The amount is in ${currency}, but the wallets are in ${from.currency} and ${to.currency}.`,
      {
        field: "currency",
        nextMove: `Give the amount in ${from.currency} to say what is debited` +
          (to.currency === from.currency ? "." : `, or in ${to.currency} to say what is credited.`),
      },
    );
  }
  return {
    request,
    from,
    to,
    ...amounts(service, amountMinor, currency, from, to),
    requestHash: requestHashOf(request),
    transferId: service.ids.next("tr"),
    mayOpenReceiver: false,
  };
}

function amounts(
  { rates }: WalletService,
  amountMinor: bigint,
  currency: string,
  from: Account,
  to: Account,
): Pick<PlannedTransfer, "debitedMinor" | "creditedMinor" | "rate"> {
  if (from.currency === to.currency) {
    return { debitedMinor: amountMinor, creditedMinor: amountMinor, rate: null };
  }
  const convert = currency === from.currency ? convertDebit : convertCredit;
  const conversion = convert(amountMinor, from.currency, to.currency, rates.rate(from.currency, to.currency));
  if (conversion.creditedMinor > 0n) return conversion;
  throw new DomainError(
    "invalid_amount",
    `The amount is worth less than the smallest unit of ${to.currency}.`,
    { field: "amount", nextMove: `Transfer more, or give the amount in ${to.currency}.` },
  );
}

/** What a repeated call must repeat: everything but the key, the approval and the simulated time. */
function requestHashOf(request: TransferRequest): string {
  const repeated = {
    tool: "transfer_funds",
    fromWalletId: request.fromWalletId,
    toWalletId: request.toWalletId,
    amountMinor: request.amountMinor.toString(),
    currency: request.currency,
    memo: request.memo,
  } satisfies
    & { tool: string }
    & Record<
      Exclude<
        keyof TransferRequest,
        "tenantId" | "principal" | "idempotencyKey" | "approvalToken" | "approved" | "simulatedAtMs"
      >,
      unknown
    >;
  return createHash("sha256").update(JSON.stringify(repeated)).digest("base64url");
}
