import { expect } from "expect";
import { readStatistics } from "./read_statistics.ts";
import { openLab } from "./testing/open_lab.ts";

Deno.test("what providers did with customers' own cards is read back, and what was ordered by test methods is not", async () => {
  await using lab = await openLab();
  const paid = [];
  for (let i = 0; i < 12; i++) paid.push((await lab.pay({ paymentMethodId: "pm_ann" })).answer);
  for (let i = 0; i < 7; i++) {
    paid.push((await lab.pay({ customerId: "cust_ben", paymentMethodId: "pm_ben" })).answer);
  }
  for (let i = 0; i < 9; i++) await lab.pay();
  const statistics = await readStatistics(lab.owner);
  const providers = [...lab.service.providers.keys()];
  const kinds = [["pm_ann", "visa", false], ["pm_ben", "mastercard", true]] as const;
  for (const [paymentMethodId, network, crossBorder] of kinds) {
    for (const provider of providers) {
      const mine = paid.filter((answer) =>
        answer.payment_method_id === paymentMethodId && answer.routing?.provider === provider
      );
      const approved = mine.filter(({ status }) => status === "succeeded").length;
      expect(statistics.expect(provider, { network, crossBorder })).toEqual({
        success: (approved + 18) / (mine.length + 20),
        sampleSize: mine.length,
      });
    }
  }
  // A server that starts now routes by them.
  const again = await lab.openService();
  const { answer } = await lab.pay({ paymentMethodId: "pm_ann" }, again);
  const used = paid.filter((one) =>
    one.payment_method_id === "pm_ann" && one.routing?.provider === answer.routing?.provider
  );
  expect(answer.routing?.sample_size).toBe(used.length);
});
