import { expect } from "expect";
import { join } from "node:path";
import { exportWorld } from "../../export/export_world.ts";
import { WHOLE } from "../../world/partition.ts";
import { generateWorld } from "../../world/world.ts";
import { csvSource } from "./csv_source.ts";
import { DatasetError } from "./dataset_error.ts";

const HEADER = "tx_id,epoch_s,customer_id,terminal_id,amount,fraud";
const GOOD = "1,1523318400,7,31,12.50,0";

async function read<Result>(text: string, work: (path: string) => Promise<Result>): Promise<Result> {
  const path = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    await Deno.writeTextFile(path, text);
    return await work(path);
  } finally {
    await Deno.remove(path);
  }
}

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

const rowsUpTo = (count: number) =>
  Array.from({ length: count }, (_, i) => `t${i},1523318401,${i % 7},31,4,${i % 2}\n`).join("");

Deno.test("letters of several bytes are read whole wherever a piece of the file ends", async () => {
  const rows = Array.from(
    { length: 90_000 },
    (_, i) => `t${i},1523318401,${"é€😀".repeat(1 + i % 3)},31,4,${i % 2}`,
  );
  await read(`\ufeff${HEADER}\n${rows.join("\n")}\n`, async (path) => {
    expect((await Deno.stat(path)).size).toBeGreaterThan(3 * (1 << 20));
    const customers = new Set(
      [...(await csvSource(path, 7)).payments()].map(({ event }) => event.customerId),
    );
    expect([...customers].sort()).toEqual([1, 2, 3].map((times) => "é€😀".repeat(times)));
  });
});

Deno.test("a bad row is refused with its line, its value and what to do", async () => {
  const cases: [lines: string[], says: RegExp][] = [
    [
      [HEADER, GOOD, "2,noon,7,31,12.50,0"],
      /line 3: epoch_s is "noon"; a number is needed, seconds since 1970, or a date-time such as 2018/,
    ],
    [[HEADER, GOOD, "2,1523318401,7,31,-4,0"], /line 3: amount is "-4"; it must not be negative/],
    [[HEADER, GOOD, "2,1523318401,7,31,4,maybe"], /line 3: fraud is "maybe"; it must be 0 or 1/],
    [[HEADER, GOOD, "2,1523318401,7,31,4"], /line 3: 5 cells where the header has 6/],
    [[HEADER, GOOD, GOOD], /line 3: tx_id "1" was there before/],
    [[HEADER, GOOD, "2,1523318401,,31,4,0"], /line 3: customer_id is empty/],
    [[HEADER, GOOD, "2,1523318401,7,31,,0"], /line 3: amount is empty; a number is needed/],
    [["tx_id,epoch_s,customer_id,amount,fraud", "1,1,1,1,0"], /header: no column terminal_id or merchant_id/],
    [[`${HEADER},label_fraud`, `${GOOD},0`], /label_fraud needs label_known_at_s/],
    [
      [`${HEADER},label_known_at_s`, `${GOOD},1523318500`],
      /^dataset_wrong_header: .*label_known_at_s needs label_fraud beside it.*Add it .* or rename label_known_at_s/,
    ],
    // Named as the contract has it, and as the file does.
    [
      [
        "trans_num,unix_time,cc_num,merchant,amt,is_fraud",
        "1,1523318400,7,31,4,0",
        "2,1523318401,7,31,four,0",
      ],
      /line 3: amount \("amt" in the header\) is "four"; a number is needed/,
    ],
    [
      ["trans_num,unix_time,cc_num,merchant,amt,is_fraud", "1,1523318400,,31,4,0"],
      /line 2: customer_id \("cc_num" in the header\) is empty/,
    ],
    [
      [HEADER, GOOD, "2,1523318401000,7,31,4,0"],
      /line 3: epoch_s is "1523318401000"; it must be seconds since 1970; in milliseconds it would be 2018-04-10: divide the column by 1000/,
    ],
    [[HEADER, GOOD, "2,-1e20,7,31,4,0"], /line 3: epoch_s is "-1e20"/],
    [[HEADER, GOOD, "2,1523318401,7,31,0x10,0"], /line 3: amount is "0x10"; a number is needed/],
    [[`${HEADER},posterior`, `${GOOD},1.5`], /line 2: posterior is "1.5"; a probability is from 0 to 1/],
    [
      [`${HEADER},customer_since_s`, `${GOOD},1800000000`],
      /line 2: customer_since_s 1800000000 is after the payment/,
    ],
    [[`${HEADER},customer_since_s`, `${GOOD},9999999999999`], /line 2: customer_since_s is "9999999999999"/],
    [
      [`${HEADER},label_fraud,label_known_at_s`, `${GOOD},1,1`],
      /line 2: label_known_at_s 1 is before the payment/,
    ],
    [[`${HEADER},label_fraud,label_known_at_s`, `${GOOD},,1523318500`], /line 2: label_fraud is ""/],
    [[HEADER], /dataset_empty: .*no payments below its header/],
    [[HEADER, GOOD, "2,01/04/2018 10:00,7,31,4,0"], /line 3: epoch_s is "01\/04\/2018 10:00".* year first/],
    [[HEADER, GOOD, "2,2018-02-30T10:00:00Z,7,31,4,0"], /line 3: epoch_s is "2018-02-30T10:00:00Z"/],
    [[HEADER, GOOD, "2,1523318401,7,31,4,F"], /line 3: fraud is "F"; it must be 0 or 1/],
    [[HEADER, GOOD, '2,1523318401,7,31,"1.234,50",0'], /amount is "1.234,50".* point for the decimals/],
    [[HEADER, GOOD, "2,1523318401,7,31,$4,0"], /amount is "\$4".* without a currency/],
    [[HEADER, GOOD, "2,1523318401,7,31,1e300,0"], /amount is "1e300"; more than/],
    // Lines are counted through cells that hold some themselves.
    [[HEADER, GOOD, '2,1523318401,"a\nb\nc",31,4,0', "3,1523318402,7,31,-1,0"], /line 6: amount is "-1"/],
    [
      [`${HEADER},Amount`, `${GOOD},1`],
      /header: columns 5 and 7 are both "amount", called "amount" and "Amount"/,
    ],
    [[HEADER, GOOD, "", "2,1523318401,7,31,4,no"], /dataset_one_class: none of the 2 payments/],
    [[HEADER, "2,1523318401,7,31,4,yes"], /dataset_one_class: all 1 payments/],
  ];
  for (const [lines, says] of cases) {
    await read(lines.join("\n"), async (path) => {
      const error = await csvSource(path, 7).catch((error) => error);
      expect(error).toBeInstanceOf(DatasetError);
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

Deno.test("what came at one instant is put in an order that has nothing to do with the file's", async () => {
  const ids = Array.from({ length: 200 }, (_, i) => `t${i}`);
  const rowOf = (id: string) => `${id},1523318400,c,m,5,${Number(id.slice(1)) < 100 ? 0 : 1}`;
  const orderOf = (lines: readonly string[]) =>
    read([HEADER, ...lines].join("\n"), async (path) => {
      return [...(await csvSource(path, 7)).payments()].map(({ event, fraud }) => ({
        id: event.paymentId,
        fraud,
      }));
    });
  const order = await orderOf(ids.map(rowOf));
  expect(await orderOf(ids.toReversed().map(rowOf))).toEqual(order);
  // The frauds, which stood last, are no longer together.
  const early = order.slice(0, 100).filter(({ fraud }) => fraud).length;
  expect(early).toBeGreaterThan(30);
  expect(early).toBeLessThan(70);
});

Deno.test("names in other spellings, date-times, a byte-order mark and blank lines are read as they are meant", async () => {
  const lines = [
    '\ufeff"TRANSACTION_ID";TX_DATETIME;CustomerId;terminal id;TX_AMOUNT;TX_FRAUD;TX_FRAUD_SCENARIO',
    "0;2018-04-01 00:00:31;596;3156;57.1612345;0;0",
    '1;2018-04-01T02:00:31.5+02:00;"O\'Brien; Søren";3156;1e9;1;2',
    ";;;;;;",
    "   ",
    "2;2018-04-02;596;3156;0.00003;No;0",
    "",
    "",
  ];
  await read(lines.join("\r\n"), async (path) => {
    const all = [...(await csvSource(path, 7)).payments()];
    expect(all.map(({ event, fraud, story }) => [
      event.paymentId,
      new Date(event.occurredAtMs).toISOString(),
      event.customerId,
      event.amountUsd,
      fraud,
      story,
    ])).toEqual([
      ["0", "2018-04-01T00:00:31.000Z", "596", 57.1612345, false, "0"],
      ["1", "2018-04-01T00:00:31.500Z", "O'Brien; Søren", 1e9, true, "2"],
      ["2", "2018-04-02T00:00:00.000Z", "596", 0.00003, false, "0"],
    ]);
  });
});

Deno.test("what says fraud and what says genuine in other files is understood, and nothing is guessed", async () => {
  const cases: [fraud: string, genuine: string][] = [
    ["1", "0"],
    ["1.0", "0.0"],
    ["true", "false"],
    ["True", "False"],
    ["yes", "no"],
    ["Y", "N"],
    ["Fraud", "Legit"],
    ["fraudulent", "legitimate"],
    ["FRAUD", "genuine"],
  ];
  for (const [fraud, genuine] of cases) {
    const lines = [HEADER, `1,100,7,31,5,${fraud}`, `2,101,7,31,5,${genuine}`];
    await read(lines.join("\n"), async (path) => {
      expect([...(await csvSource(path, 7)).payments()].map((its) => its.fraud)).toEqual([true, false]);
    });
  }
  for (const unclear of ["t", "F", "2", "-1", "good", ""]) {
    await read([HEADER, GOOD, `2,101,7,31,5,${unclear}`].join("\n"), async (path) => {
      await expect(csvSource(path, 7)).rejects.toThrow(`line 3: fraud is "${unclear}"; it must be 0 or 1`);
    });
  }
});

Deno.test("Parquet gives what the same payments give as text, and other bytes are refused by what they are", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const world = () => generateWorld({ seed: 3, days: 3, customers: 300, startMs: Date.UTC(2026, 0, 5) });
    const [text, table] = [join(folder, "a.csv"), join(folder, "a.parquet")];
    await exportWorld(world(), { format: "csv", path: text, partition: WHOLE });
    await exportWorld(world(), { format: "parquet", path: table, partition: WHOLE });
    const payments = async (path: string) => [...(await csvSource(path, 7)).payments()];
    const read = await payments(table);
    expect(read.length).toBeGreaterThan(500);
    expect(read).toEqual(await payments(text));

    const bytes = await Deno.readFile(table);
    const cases: [bytes: Uint8Array, says: RegExp][] = [
      [bytes.slice(0, 3_000), /is Parquet that cannot be read: .*to_csv/],
      [Uint8Array.of(0x1f, 0x8b, 8, 0), /is compressed by gzip, not CSV. Unpack it first: gunzip/],
      [Uint8Array.of(0x50, 0x4b, 3, 4, 0), /a ZIP archive or a spreadsheet/],
      [Uint8Array.of(0xff, 0xfe, 0x74, 0), /UTF-16, not CSV.*iconv/],
      [Uint8Array.of(0x74, 0x78, 0, 1), /no text: its byte 3 is 0/],
      // "é" as Latin-1 has it, in the third line; and far behind, in another piece of the file.
      [
        latin1(`${HEADER}\n${GOOD}\n2,1523318401,Jos\u00e9,31,4,0\n`),
        /line 3 is not UTF-8 text.*iconv -f LATIN1/,
      ],
      [
        latin1(`${HEADER}\n${rowsUpTo(60_000)}x,1523318401,Jos\u00e9,31,4,0\n`),
        /line 60002 is not UTF-8 text/,
      ],
      [latin1(`${HEADER}\n${GOOD}\n2,1523318401,7,31,4,0\n\u00e9`), /line 4 is not UTF-8 text/],
    ];
    for (const [content, says] of cases) {
      await Deno.writeFile(join(folder, "b.csv"), content);
      const error = await csvSource(join(folder, "b.csv"), 7).catch((error) => error);
      expect(error).toBeInstanceOf(DatasetError);
      expect(error.message).toMatch(/^dataset_wrong_format: /);
      expect(error.message).toMatch(says);
    }
    await expect(csvSource(folder, 7)).rejects.toThrow("dataset_unreadable");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
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

Deno.test("a column that gives fraud away is told, with the values and counts to check; honest ones are not", async () => {
  const notesOf = (cellOf: (row: number, isFraud: boolean) => string) => {
    const rows = Array.from({ length: 2_000 }, (_, row) => {
      const isFraud = row % 50 === 7;
      return `${row},${1_523_318_400 + row},c${row % 90},m${row % 9},5,${isFraud ? 1 : 0},${
        cellOf(row, isFraud)
      }`;
    });
    return read(
      [`${HEADER},device_id`, ...rows].join("\n"),
      async (path) => (await csvSource(path, 7)).notes,
    );
  };
  expect(await notesOf((_, isFraud) => isFraud ? "taken" : "ok")).toEqual([
    expect.stringMatching(
      /^Check device_id: where it is "taken", 40 of 40 payments are fraud, and of the other 1960 payments 0 are\. If /,
    ),
  ]);
  // Nothing where the others have something, and something, never the same, where the others have nothing.
  expect(await notesOf((row, isFraud) => isFraud ? "" : `d${row % 30}`)).toEqual([
    expect.stringContaining("where it is nothing (empty), 40 of 40 payments are fraud"),
  ]);
  expect(await notesOf((row, isFraud) => isFraud ? `d${row}` : "")).toEqual([
    expect.stringContaining("where it is anything at all, 40 of 40 payments are fraud"),
  ]);
  // Half of what it marks is genuine; or it marks a thief's 19 payments, which is what devices are for.
  expect(await notesOf((row) => row % 25 === 7 ? "taken" : "ok")).toEqual([]);
  expect(await notesOf((row, isFraud) => isFraud && row < 950 ? "taken" : `d${row % 30}`)).toEqual([]);
  expect(await notesOf(() => "")).toEqual([]);
  // Where most payments are fraud, a value may well be full of it.
  const mostly = Array.from(
    { length: 200 },
    (_, row) =>
      `${row},${1_523_318_400 + row},c,m,5,${row % 5 === 0 ? 0 : 1},${
        row % 5 === 0 || row % 2 === 0 ? "a" : "b"
      }`,
  );
  const source = await read([`${HEADER},device_id`, ...mostly].join("\n"), (path) => csvSource(path, 7));
  expect(source.notes).toEqual([]);
});
