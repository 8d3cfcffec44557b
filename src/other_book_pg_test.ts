import { expect } from "expect";
import { startProviders } from "../sim/faults/start_providers.ts";
import type { Log } from "./core/log.ts";
import { compareCharges } from "./payments/compare_charges.ts";
import { completeOpenPayments } from "./payments/complete_open_payments.ts";
import { openLab } from "./payments/testing/open_lab.ts";
import { refund } from "./payments/testing/refund_lab.ts";
import { ProvidersProcess } from "./providers/providers_process.ts";
import { bookToPin, REASONS, watchProviders } from "./watch_providers.ts";

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const ENVIRONMENT = { PROVIDER_LATENCY_SCALE: "0" };

Deno.test("strangers that take the place of killed providers neither charge nor settle, and all is settled when the right ones are back", async () => {
  const [folder, strangersFolder] = [await Deno.makeTempDir(), await Deno.makeTempDir()];
  let there = await startProviders(folder, ENVIRONMENT);
  const { url } = there;
  const port = Number(new URL(url).port);
  const events: string[] = [];
  const log: Log = { ...SILENT, error: (event) => events.push(event) };
  const replace = async (directory: string) => {
    await there.stop("SIGKILL");
    there = await startProviders(directory, ENVIRONMENT, port);
  };
  const captured = async () => [...(await new ProvidersProcess(url).readBook()).captured()];
  try {
    const book = bookToPin({ providersUrl: url }, log)!;
    await using lab = await openLab({ providersUrl: url, providersBook: book });
    const watch = (await watchProviders(
      { providersUrl: url, providersBook: null, dataDirectory: "." },
      { statements: lab.stack.pool.ofEveryTenant, book, log },
    ))!;
    try {
      const { answer: paid } = await lab.pay();
      expect(paid.status).toBe("succeeded");
      const paying = lab.pay({ paymentMethodId: "pm_card_charged_reply_lost" });
      while ((await captured()).length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
      await there.stop("SIGKILL");
      const { answer: doubtful } = await paying;
      expect(doubtful.status).toBe("in_doubt");
      const crashed = await lab.crashedPayment();
      await replace(strangersFolder);

      for (let round = 0; round < 5; round++) {
        lab.clock.advance(60_000);
        await completeOpenPayments(lab.service);
      }
      const statusOf = async (id: string) =>
        (await lab.owner<{ status: string }[]>`select status from payments where payment_id = ${id}`)[0]
          .status;
      expect(await statusOf(doubtful.payment_id)).toBe("in_doubt");
      // Whoever left it may have sent it: that nothing was charged here says nothing of there.
      expect(await statusOf(crashed)).toBe("in_doubt");
      const { answer: fresh } = await lab.pay();
      expect(fresh.status).toBe("failed");
      expect(fresh.routing?.attempts.map(({ outcome, code }) => ({ outcome, code }))).toEqual([
        { outcome: "refused", code: "provider_unavailable" },
        { outcome: "refused", code: "provider_unavailable" },
      ]);
      expect((await refund(lab, { paymentId: paid.payment_id })).answer.status).toBe("in_doubt");
      expect(await captured()).toEqual([]);
      expect(await watch.degradedBy()).toBe(REASONS.other);
      expect(events).toEqual(["providers_are_others"]);

      await replace(folder);
      expect(await watch.degradedBy()).toBeNull();
      await lab.completeAll();
      expect(await statusOf(doubtful.payment_id)).toBe("succeeded");
      expect(await statusOf(crashed)).toBe("failed");
      expect((await lab.pay()).answer.status).toBe("succeeded");
      const results = await compareCharges(lab.owner, await new ProvidersProcess(url).readBook());
      expect(results.map(({ violations }) => violations)).toEqual([0, 0, 0]);
    } finally {
      await watch.stop();
    }
  } finally {
    await there.stop("SIGKILL");
    await Promise.all([folder, strangersFolder].map((path) => Deno.remove(path, { recursive: true })));
  }
});
