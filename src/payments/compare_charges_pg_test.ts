import { expect } from "expect";
import { compareCharges } from "./compare_charges.ts";
import { openLab } from "./testing/open_lab.ts";
import { refund } from "./testing/refund_lab.ts";

Deno.test("our captures and refunds are held against the providers' own book, and each lie in either is found", async () => {
  await using lab = await openLab({ providerTimeoutMs: 300 });
  const found = async () =>
    Object.fromEntries(
      (await compareCharges(lab.owner, lab.stack.simulated!.log)).map((
        { name, violations },
      ) => [name, violations]),
    );
  const { answer: paid } = await lab.pay({ amountMinor: 10_000n });
  await refund(lab, { paymentId: paid.payment_id, amount: 40 });
  await lab.pay({ paymentMethodId: "pm_card_soft_decline_first" });
  const { answer: lost } = await lab.pay({ paymentMethodId: "pm_card_refund_reply_lost" });
  expect((await refund(lab, { paymentId: lost.payment_id })).answer.status).toBe("in_doubt");
  // What is in doubt may be in the provider's book already.
  expect(await found()).toEqual({ captures_agree_with_providers: 0, refunds_agree_with_providers: 0 });

  const charge = lab.charges(paid.payment_id)[0];
  const byHand = {
    key: "hand",
    chargeKey: charge.key,
    amountMinor: 1n,
    currency: "USD",
    paymentMethodId: null,
  };
  await lab.service.provider(charge.provider).refund(byHand, 30_000);
  expect(await found()).toMatchObject({ refunds_agree_with_providers: 1 });
  await lab.owner`update payments set refunded_minor = 9000 where payment_id = ${paid.payment_id}`;
  expect(await found()).toMatchObject({ refunds_agree_with_providers: 1 });
  await lab.owner`update payments set provider_charge_id = 'ch_other' where payment_id = ${lost.payment_id}`;
  expect(await found()).toMatchObject({ captures_agree_with_providers: 1 });
});
