import type { LabelEvent } from "../../src/fraud/features/event.ts";
import { FeatureStream } from "../../src/fraud/features/feature_stream.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import type { ChargeLog, ChargeRecord } from "../../src/providers/charge_log.ts";
import { RoutingStatistics } from "../../src/routing/routing_statistics.ts";
import type { Sql } from "../../src/db/pool.ts";
import { toPaymentEvent } from "../world/to_payment_event.ts";
import type { SimPayment } from "../world/types.ts";
import type { World } from "../world/world.ts";
import type { BookedPayment } from "./book_payment.ts";
import type { BookedRefund } from "./book_refund.ts";
import type { WalletPayment } from "./wallets/wallet_day.ts";
import { copyLabels, copyRouting, copyStates } from "./copy_knowledge.ts";

const CHARGES_PER_COMMIT = 20_000;

/**
 * What a history leaves behind beside its rows: the feature states, the reports that have arrived, what routing learned,
 * and the providers' own records. It takes all payments in order of time, whoever wrote their rows.
 */
export class Knowledge {
  readonly #known: { label: LabelEvent; reportedAtMs: number }[] = [];
  /** When those payments are reported that ever are. */
  readonly #reportedAtMs = new Map<string, number>();
  readonly #stream: FeatureStream;
  readonly #routing = new RoutingStatistics();
  #charges: ChargeRecord[] = [];
  #refunds: BookedRefund["providerRefund"][] = [];

  constructor(readonly world: World, readonly chargeLog: ChargeLog) {
    this.#stream = new FeatureStream({
      idsAreUnique: true,
      onLabel: (label) => {
        const { paymentId } = label.payment;
        this.#known.push({ label, reportedAtMs: this.#reportedAtMs.get(paymentId)! });
        this.#reportedAtMs.delete(paymentId);
      },
    });
  }

  /** @returns the payment's instant for the features: moved on where two reports meet in one millisecond */
  add(payment: SimPayment, booking: BookedPayment, refund: BookedRefund | null): number {
    const { labelKnownAtMs: knownAtMs, labelFraud } = payment;
    if (knownAtMs !== null) this.#reportedAtMs.set(booking.paymentId, knownAtMs);
    this.#stream.skip(
      { ...toPaymentEvent(payment, this.world), paymentId: booking.paymentId },
      knownAtMs === null ? null : { knownAtMs, fraud: labelFraud },
    );
    const occurredAtMs = this.#stream.occurredAtMs;
    if (refund !== null) this.#refunds.push(refund.providerRefund);
    this.#addCharge(payment, booking);
    return occurredAtMs;
  }

  /** A payment from a wallet, or the card's behind a top-up: nobody ever reports one. As {@link Knowledge.add}. */
  addWalletPayment(payment: WalletPayment): number {
    this.#stream.skip(payment.event, null);
    if (payment.kind === "top_up") this.#addCharge(payment, payment.booking);
    return this.#stream.occurredAtMs;
  }

  /** Writes everything, as it stands at the end of the history. */
  async copy(sql: Sql, tenantId: string): Promise<void> {
    this.#recordCharges();
    const { startMs, days } = this.world.config;
    this.#stream.applyLabels(startMs + days * DAY_MS);
    await copyLabels(sql, tenantId, this.#known);
    await copyStates(sql, tenantId, this.#stream.states);
    await copyRouting(sql, tenantId, this.#routing);
  }

  #addCharge(
    { amountMinor, currency, occurredAtMs }: Pick<SimPayment, "amountMinor" | "currency" | "occurredAtMs">,
    booking: BookedPayment,
  ): void {
    this.#routing.learn({
      provider: booking.provider,
      context: booking.context,
      answered: true,
      approved: booking.approved,
    });
    this.#charges.push({
      provider: booking.provider,
      key: booking.providerKey,
      chargeId: booking.chargeId,
      amountMinor: BigInt(amountMinor),
      currency,
      state: booking.approved ? "captured" : "declined",
      code: booking.code,
      createdAtMs: occurredAtMs,
    });
    if (this.#charges.length >= CHARGES_PER_COMMIT) this.#recordCharges();
  }

  #recordCharges(): void {
    this.chargeLog.recordMany(this.#charges);
    this.chargeLog.recordRefunds(this.#refunds);
    this.#charges = [];
    this.#refunds = [];
  }
}
