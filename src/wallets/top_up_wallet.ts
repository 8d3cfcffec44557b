import { createHash } from "node:crypto";
import { invalidApproval, verifyApproval } from "../core/approval_token.ts";
import { toRfc3339 } from "../core/clock.ts";
import { againLater, DomainError } from "../core/errors.ts";
import { WALLET_MERCHANT_ID } from "../core/wallet_merchant.ts";
import { tryAll } from "../core/try_all.ts";
import { keyReusedError } from "../db/idempotency_keys.ts";
import { againAfterLostRace } from "../db/lost_race.ts";
import type { Account } from "../ledger/accounts.ts";
import {
  beginTopUp,
  finishTopUp,
  lockTopUp,
  readTopUp,
  refuseTopUp,
  type StoredTopUp,
} from "./store_top_up.ts";
import type { TopUpAnswer, TopUpStatus } from "./top_up.ts";
import { parseWalletId, unknownWallet } from "./wallet_id.ts";
import type { WalletService } from "./wallet_service.ts";

/** What the card's holder answered; null where nobody answered, which leaves it waiting. */
interface TopUpConfirmation {
  readonly token: string;
  readonly answer: string | null;
}

export interface TopUpRequest {
  readonly tenantId: string;
  readonly principal: string;
  readonly walletId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly paymentMethodId: string | null;
  readonly idempotencyKey: string | null;
  /** What the card's holder answered to the challenge that an earlier call of this top-up led to. */
  readonly confirmation: TopUpConfirmation | null;
  readonly simulatedAtMs: number | null;
}

export interface ToppedUp {
  readonly answer: TopUpAnswer;
  readonly replayed: boolean;
}

/**
 * Charges a card and credits the wallet, at most once for one idempotency key.
 *
 *   1. one transaction: key, top-up, audit                 crash after: the keeper goes on from here
 *   2. the charge, by a key derived from the top-up        crash after: the keeper's charge is the same charge
 *   3. one transaction: ledger, status, answer, audit      crash after: a repeated call gets the stored answer
 *
 * Where the card's holder has to pass a challenge, 3 stores that it waits; the same call with the confirm token and the
 * holder's answer makes 2 and 3 again, however often and from wherever it comes.
 *
 * Errors, in the order they are looked for: `unknown_wallet`, `invalid_arguments` (another currency),
 * `invalid_approval_token`, `idempotency_key_reused`, and those of the charge, such as `unknown_payment_method`: they end the top-up as failed,
 * and its key replays them. A decline is an answer.
 */
export async function topUpWallet(service: WalletService, request: TopUpRequest): Promise<ToppedUp> {
  const account = await walletToFill(service, request);
  const requestHash = requestHashOf(request);
  if (request.confirmation !== null) {
    return await confirmTopUp(service, request, requestHash, request.confirmation);
  }
  const key = request.idempotencyKey;
  if (key === null) return await firstCall(service, request, account, requestHash);
  return await service.firstTopUps.run<ToppedUp>({
    key: JSON.stringify([request.tenantId, request.principal, key]),
    requestHash,
    first: () => firstCall(service, request, account, requestHash),
    replay: (answer) => ({ answer, replayed: true }),
    reused: () => {
      throw keyReusedError(key);
    },
  });
}

/** Goes on with a top-up whose card's holder was challenged. Two calls with one token are one: so is their charge. */
async function confirmTopUp(
  service: WalletService,
  { tenantId, principal }: TopUpRequest,
  requestHash: string,
  { token, answer: given }: TopUpConfirmation,
): Promise<ToppedUp> {
  const claim = verifyApproval(token, { tenantId, principal, requestHash }, "top", service.approvalSecret);
  if (claim === null) throw invalidApproval("confirm_token", "requires_action");
  const topUp = await readTopUp(service.pool.of(tenantId), tenantId, claim.resourceId);
  const before = await service.pool.of(tenantId).begin((sql) => lockTopUp(sql, topUp));
  if (before.answer !== null) return { answer: before.answer, replayed: true };
  const { answer, before: found } = await chargeTopUp(service, topUp, given);
  // Of calls that come at once, one finds it waiting still.
  return { answer, replayed: given === null || found !== "requires_action" };
}

/**
 * Charges, and books what became of it; for the call, and for the keeper after a crash or a doubt.
 *
 * @param challengeAnswer what the card's holder answered, where somebody did
 * @returns `before`: where it stood when this call's outcome was booked
 */
export async function chargeTopUp(
  service: WalletService,
  topUp: StoredTopUp,
  challengeAnswer: string | null = null,
): Promise<{ answer: TopUpAnswer; before: TopUpStatus }> {
  try {
    const charged = await service.charger.charge({
      tenantId: topUp.tenantId,
      principal: topUp.principal,
      idempotencyKey: `top-up/${topUp.topUpId}`,
      amountMinor: topUp.amountMinor,
      currency: topUp.account.currency,
      customerId: topUp.account.ownerId,
      merchantId: WALLET_MERCHANT_ID,
      paymentMethodId: topUp.paymentMethodId,
      simulatedAtMs: topUp.simulatedAtMs,
    }, challengeAnswer);
    return await finishTopUp(service, topUp, charged);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    // What may succeed later is tried again, as the caller is told, who knows it by its key. Nobody would know of a
    // charge that comes later without one.
    const isTriedAgain = error.retriable && !(error.code === "overloaded" && topUp.idempotencyKey === null);
    if (isTriedAgain) throw error;
    await refuseTopUp(service, topUp, error);
    // The charge's own key is not the caller's.
    throw error.code === "overloaded"
      ? new DomainError(error.code, error.message, { nextMove: againLater(topUp.idempotencyKey) })
      : error;
  }
}

async function firstCall(
  service: WalletService,
  request: TopUpRequest,
  account: Account,
  requestHash: string,
): Promise<ToppedUp> {
  const begun = await againAfterLostRace(() => beginTopUp(service, request, account, requestHash));
  switch (begun.kind) {
    case "begun":
      return { answer: (await chargeTopUp(service, begun.topUp)).answer, replayed: false };
    case "answered":
      return { answer: begun.answer, replayed: true };
    case "open": {
      // Its first call runs elsewhere, has died, or is in doubt: the same charge again is the same charge.
      const topUp = await readTopUp(service.pool.of(request.tenantId), request.tenantId, begun.topUpId);
      return { answer: (await chargeTopUp(service, topUp)).answer, replayed: true };
    }
  }
}

/** A wallet that is open, or that its customer may open by filling it. */
async function walletToFill(service: WalletService, request: TopUpRequest): Promise<Account> {
  const { tenantId, walletId, currency } = request;
  const account = parseWalletId(walletId);
  if (account?.kind !== "wallet") throw unknownWallet("wallet_id", walletId);
  await service.references.receiver(tenantId, walletId, "wallet_id");
  if (currency === account.currency) return account;
  throw new DomainError(
    "invalid_arguments",
    `The wallet is in ${account.currency}, the amount in ${currency}.`,
    {
      field: "currency",
      nextMove: `Give the amount in ${account.currency}, or fill wallet:${account.ownerId}:${currency}.`,
    },
  );
}

function requestHashOf(request: TopUpRequest): string {
  const repeated = {
    tool: "top_up_wallet",
    walletId: request.walletId,
    amountMinor: request.amountMinor.toString(),
    currency: request.currency,
    paymentMethodId: request.paymentMethodId,
  } satisfies
    & { tool: string }
    & Record<
      Exclude<
        keyof TopUpRequest,
        "tenantId" | "principal" | "idempotencyKey" | "confirmation" | "simulatedAtMs"
      >,
      unknown
    >;
  return createHash("sha256").update(JSON.stringify(repeated)).digest("base64url");
}

/** Top-ups that one round of the keeper takes on. */
const COMPLETE_LIMIT = 100;
/** Longer than asking for a charge takes: whoever has taken one on is left alone with it for so long. */
const LEASE_MS = 30_000;

/**
 * Goes on with top-ups whose call has died, that are in doubt, or whose challenge may be over, all tenants'. Several
 * servers may run it; a claim is a lease. One that cannot be driven keeps no other from its end: all are tried, then the
 * faults are thrown together.
 *
 * @returns how many were looked at
 */
export async function completeTopUps(service: WalletService): Promise<number> {
  const nowMs = service.clock.nowMs();
  const due = await service.pool.ofEveryTenant<{ tenant_id: string; top_up_id: string }[]>`
    update wallet_top_ups w set next_check_at = ${toRfc3339(nowMs + LEASE_MS)}::timestamptz
      from (select tenant_id, top_up_id from wallet_top_ups
             where status in ('charging', 'in_doubt', 'requires_action') and next_check_at <= ${
    toRfc3339(nowMs)
  }::timestamptz
             order by next_check_at limit ${COMPLETE_LIMIT} for update skip locked) d
     where w.tenant_id = d.tenant_id and w.top_up_id = d.top_up_id
    returning w.tenant_id, w.top_up_id`;
  await tryAll(due, "top-ups could not be completed", async ({ tenant_id: tenantId, top_up_id: topUpId }) => {
    try {
      await chargeTopUp(service, await readTopUp(service.pool.of(tenantId), tenantId, topUpId));
    } catch (error) {
      // It is the call's outcome, or comes again after the lease.
      if (!(error instanceof DomainError)) throw error;
    }
  });
  return due.length;
}
