import { expect } from "expect";
import { join } from "node:path";
import { ChargeLog, type ChargeRecord } from "./charge_log.ts";

const CHARGES = 10_000;
const AT_ONCE = 50;

function recordOf(number: number): ChargeRecord {
  return {
    provider: "northbank",
    key: `lab/pay_${number}`,
    chargeId: `ch_${number}`,
    amountMinor: 100n,
    currency: "USD",
    state: "captured",
    code: null,
    createdAtMs: number,
  };
}

async function sizeOf(path: string): Promise<number> {
  return (await Deno.stat(path)).size;
}

Deno.test("a log that is written to all the time is moved into its database meanwhile, and nothing of it is lost", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = join(directory, "charges.sqlite");
    const log = new ChargeLog(path);
    const emptyBytes = await sizeOf(path);
    let walBytesMax = 0;
    let written = 0;
    // Until the log has begun anew: its file keeps its size, so it grows no more.
    for (let rounds = 0; rounds < 200; rounds++) {
      for (let i = 0; i < CHARGES / AT_ONCE / 10; i++) {
        await Promise.all(Array.from({ length: AT_ONCE }, () => log.record(recordOf(written++))));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      const walBytes = await sizeOf(`${path}-wal`);
      if (written > CHARGES && walBytes === walBytesMax) break;
      walBytesMax = Math.max(walBytesMax, walBytes);
    }
    expect(await sizeOf(path)).toBeGreaterThan(emptyBytes + 100_000);
    expect(await sizeOf(`${path}-wal`)).toBe(walBytesMax);
    log.close();
    const reader = new ChargeLog(path);
    expect([...reader.all()].length).toBe(written);
    reader.close();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
