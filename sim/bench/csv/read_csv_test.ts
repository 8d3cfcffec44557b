import { expect } from "expect";
import { csvSource } from "./csv_source.ts";
import { CsvError } from "./csv_columns.ts";

const HEADER = "tx_id,epoch_s,customer_id,terminal_id,amount,fraud";
const GOOD = "1,1523318400,7,31,12.50,0";

async function read(text: string, work: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    await Deno.writeTextFile(path, text);
    await work(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("a bad row is refused with its line, its value and what to do", async () => {
  const cases: [lines: string[], says: RegExp][] = [
    [[HEADER, GOOD, "2,noon,7,31,12.50,0"], /line 3: epoch_s is "noon"; a number is needed/],
    [[HEADER, GOOD, "2,1523318401,7,31,-4,0"], /line 3: amount is "-4"; it must not be negative/],
    [[HEADER, GOOD, "2,1523318401,7,31,4,maybe"], /line 3: fraud is "maybe"; it must be 0 or 1/],
    [[HEADER, GOOD, "2,1523318401,7,31,4"], /line 3: 5 cells where the header has 6/],
    [[HEADER, GOOD, GOOD], /line 3: tx_id "1" was there before/],
    [[HEADER, GOOD, "2,1523318401,,31,4,0"], /line 3: customer_id is empty/],
    [[HEADER, GOOD, "2,1523318401,7,31,,0"], /line 3: amount is empty; a number is needed/],
    [["tx_id,epoch_s,customer_id,amount,fraud", "1,1,1,1,0"], /line 1: no column terminal_id or merchant_id/],
    [[`${HEADER},label_fraud`, `${GOOD},0`], /label_fraud needs label_known_at_s/],
    [
      [HEADER, GOOD, "2,1523318401000,7,31,4,0"],
      /line 3: epoch_s is "1523318401000"; it must be seconds since 1970/,
    ],
    [[HEADER, GOOD, "2,-1e20,7,31,4,0"], /line 3: epoch_s is "-1e20"/],
    [[HEADER, GOOD, "2,1523318401,7,31,0x10,0"], /line 3: amount is "0x10"; a number is needed/],
    [[`${HEADER},posterior`, `${GOOD},1.5`], /line 2: posterior is "1.5"; a probability is from 0 to 1/],
    [[`${HEADER},customer_since_s`, `${GOOD},9999999999999`], /line 2: customer_since_s is 9999999999999/],
    [
      [`${HEADER},label_fraud,label_known_at_s`, `${GOOD},1,1`],
      /line 2: label_known_at_s 1 is before the payment/,
    ],
    [[`${HEADER},label_fraud,label_known_at_s`, `${GOOD},,1523318500`], /line 2: label_fraud is ""/],
    [[HEADER], /no payments below its header/],
  ];
  for (const [lines, says] of cases) {
    await read(lines.join("\n"), async (path) => {
      const error = await csvSource(path, 7).catch((error) => error);
      expect(error).toBeInstanceOf(CsvError);
      expect(error.message).toMatch(says);
      expect(error.message).toContain(path);
    });
  }
  await expect(csvSource("/nonexistent.csv", 7)).rejects.toThrow("/nonexistent.csv cannot be read");
});

Deno.test("rows come in any order, under several names, and what is not told stays unknown", async () => {
  const lines = [
    "fraud,TX_AMOUNT,merchant_id,customer_id,unix_time,transaction_id,city",
    'TRUE,0,"shop, ltd",ann,1523318405.25,b,here',
    "0,3.5,kiosk,bob,1523318400,a,there",
    "",
  ];
  await read(lines.join("\r\n"), async (path) => {
    const [first, second] = [...(await csvSource(path, 7)).payments()];
    expect(first.event.paymentId).toBe("a");
    expect(first.fraud).toBe(false);
    expect(second.event).toMatchObject({
      paymentId: "b",
      occurredAtMs: 1_523_318_405_250,
      customerId: "ann",
      merchantId: "shop, ltd",
      // Amounts of nothing become the least that features can take a logarithm of.
      amountUsd: 0.01,
      cardId: null,
      deviceId: null,
      country: null,
    });
    expect(second.label).toEqual({ knownAtMs: 1_523_318_405_250 + 7 * 86_400_000, fraud: true });
    expect(second.posterior).toBe(null);
  });
});

Deno.test("reports are taken from their own columns where a file has them", async () => {
  const lines = [
    `${HEADER},label_fraud,label_known_at_s,posterior,story`,
    "1,100,7,31,5,1,1,900,0.25,card_testing",
    "2,101,7,31,5,1,0,,0.5,card_testing",
    "3,102,7,31,5,0,0,700,0,",
  ];
  await read(lines.join("\n"), async (path) => {
    const all = [...(await csvSource(path, 7)).payments()];
    expect(all.map(({ label }) => label)).toEqual([
      { knownAtMs: 900_000, fraud: true },
      null,
      { knownAtMs: 700_000, fraud: false },
    ]);
    expect(all.map(({ posterior, story }) => [posterior, story])).toEqual([
      [0.25, "card_testing"],
      [0.5, "card_testing"],
      [0, null],
    ]);
  });
});
