import type { PaymentStream, StreamPayment } from "../lib/payment_stream.ts";

/** TEST ONLY: a stream of `length` payments; each twentieth repeats the one ten before it. */
export function fakeStream(length: number): PaymentStream {
  const payments: StreamPayment[] = [];
  for (let index = 0; index < length; index++) {
    const simulated_at = new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString();
    if (index % 20 === 19) {
      payments.push({ ...payments[index - 10], simulated_at, replay: true });
      continue;
    }
    payments.push({
      arguments: {
        amount: `${(index % 90) + 1}.00`,
        currency: "USD",
        method: "card",
        customer_id: "cust_123",
        payment_method_id: "pm_card_visa",
        merchant_id: "mer_1",
        device_id: "dev_1",
        ip_address: "192.0.2.1",
        country: "US",
        idempotency_key: `key-${index}`,
      },
      simulated_at,
      truth_fraud: false,
      replay: false,
    });
  }
  return { world: { seed: 1 }, payments };
}
