import { assert } from "../../src/core/assert.ts";
import { encodeId } from "../../src/core/ids.ts";
import { Random } from "../../src/core/random.ts";
import { capturePostings, type Posting } from "../../src/ledger/capture_postings.ts";
import { providerKeyOf } from "../../src/payments/payment.ts";
import { ACQUIRER_PROFILES } from "../../src/providers/acquirer_profiles.ts";
import { approvalProbability, chargeLatencyMs, decideCharge } from "../../src/providers/decide_charge.ts";
import type { DeclineCode } from "../../src/providers/decline_codes.ts";
import { acquirerFeeMinor } from "../../src/providers/fee_schedule.ts";
import { plannedRefusalShare } from "../../src/providers/outage_schedule.ts";
import { chargeIdOf } from "../../src/providers/provider_ids.ts";
import { contextOf, type RoutingContext } from "../../src/routing/routing_context.ts";
import type { SimCard, SimPayment } from "../world/types.ts";
import type { World } from "../world/world.ts";

/** A payment of the history as it would have gone through the server, before there was a fraud screen. */
export interface BookedPayment {
  readonly paymentId: string;
  readonly providerKey: string;
  readonly provider: string;
  readonly approved: boolean;
  readonly code: DeclineCode | null;
  readonly chargeId: string | null;
  readonly feeMinor: bigint;
  readonly latencyMs: number;
  readonly expectedSuccess: number;
  /** What kind of charge it was, for routing to learn from. */
  readonly context: RoutingContext;
  readonly postings: readonly Posting[];
}

/** A charge of a card that is to be decided and booked. */
export interface Charge {
  /** Names the charge's own stream of chance. */
  readonly name: string;
  readonly occurredAtMs: number;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly card: Pick<SimCard, "paymentMethodId" | "network" | "issuerCountry">;
  readonly merchant: { readonly merchantId: string; readonly country: string };
}

/** {@link bookCharge} of one payment of a world. */
export function bookPayment(payment: SimPayment, world: World, tenantId: string): BookedPayment {
  const card = world.cardById.get(payment.paymentMethodId);
  const merchant = world.merchantById.get(payment.merchantId);
  assert(card !== undefined && merchant !== undefined, "A world's payment names its own card and merchant");
  return bookCharge(
    {
      name: `booking/${payment.index}`,
      occurredAtMs: payment.occurredAtMs,
      amountMinor: BigInt(payment.amountMinor),
      currency: payment.currency,
      card,
      merchant,
    },
    world.config.seed,
    tenantId,
  );
}

/**
 * Charges and books one card payment by the same rules as the server: the acquirer's decision, its fee and the ledger's
 * postings come from the code that serves live payments. Providers take turns at random, which gives routing something
 * to compare.
 */
export function bookCharge(
  { name, occurredAtMs, amountMinor, currency, card, merchant }: Charge,
  seed: number,
  tenantId: string,
): BookedPayment {
  const random = new Random(seed).fork(name);
  const bytes = Uint8Array.from({ length: 16 }, () => random.uint32() & 255);
  const paymentId = encodeId("pay", occurredAtMs, bytes, 0);
  // Nobody goes to an acquirer in its announced outage.
  const profile = random.pick(
    ACQUIRER_PROFILES.filter(({ plannedOutages }) => plannedRefusalShare(plannedOutages, occurredAtMs) === 0),
  );
  const key = providerKeyOf(tenantId, paymentId);
  const request = {
    key,
    amountMinor,
    currency,
    paymentMethodId: card.paymentMethodId,
    network: card.network,
    issuerCountry: card.issuerCountry,
    merchantCountry: merchant.country,
    chargeNumber: 1,
    mandateChallenge: false,
    occurredAtMs,
  };
  const decision = decideCharge(profile, request);
  const approved = decision.outcome === "approved";
  const feeMinor = approved ? acquirerFeeMinor(profile, request) : 0n;
  return {
    paymentId,
    providerKey: key,
    provider: profile.name,
    approved,
    code: decision.outcome === "declined" ? decision.code : null,
    chargeId: approved ? chargeIdOf(profile.name, key) : null,
    feeMinor,
    latencyMs: chargeLatencyMs(profile, key),
    expectedSuccess: approvalProbability(profile, request),
    context: contextOf({ ...request, method: "card" }),
    postings: approved
      ? capturePostings({
        amountMinor,
        feeMinor,
        currency,
        merchantId: merchant.merchantId,
        source: { kind: "provider", provider: profile.name },
      })
      : [],
  };
}
