import { expect } from "expect";
import { ConfigError } from "./config.ts";
import { loadRates } from "./load_rates.ts";

const SHIPPED = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/rates/2026-01-02.json", import.meta.url)),
);

Deno.test("the rates come from RATES_FILE, else from fixtures/, with their date and source", async () => {
  const file = await Deno.makeTempFile();
  try {
    expect((await loadRates({ ratesFile: null })).rate("EUR", "USD")).toMatchObject({ date: "2026-01-02" });
    const today = {
      ...SHIPPED,
      date: "2026-03-01",
      source: "a bank",
      usd_for_one: { ...SHIPPED.usd_for_one, EUR: "1.25" },
    };
    await Deno.writeTextFile(file, JSON.stringify(today));
    const rate = (await loadRates({ ratesFile: file })).rate("EUR", "USD");
    expect(rate).toMatchObject({ date: "2026-03-01", source: "a bank" });
    expect(Number(rate.numerator) / Number(rate.denominator)).toBe(1.25);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a RATES_FILE that gives no rates is refused at the start, and says what is wrong", async () => {
  const file = await Deno.makeTempFile();
  const withEuro = (EUR: unknown) => ({ ...SHIPPED, usd_for_one: { ...SHIPPED.usd_for_one, EUR } });
  const cases: [text: string, why: RegExp][] = [
    ["", /JSON/],
    ["null", /no date/],
    [JSON.stringify({ ...SHIPPED, date: "today" }), /no date/],
    [JSON.stringify({ ...SHIPPED, source: "" }), /where they come from/],
    [JSON.stringify({ ...SHIPPED, usd_for_one: {} }), /lack USD, EUR/],
    ...[undefined, 1.25, "1,25", "0", "0.000", "-1", "1e2"].map((euro): [string, RegExp] => [
      JSON.stringify(withEuro(euro)),
      /lack EUR, or have them malformed/,
    ]),
  ];
  try {
    for (const [text, why] of cases) {
      await Deno.writeTextFile(file, text);
      const refusal = await loadRates({ ratesFile: file }).then(() => null, (error) => error);
      expect(refusal).toBeInstanceOf(ConfigError);
      expect(refusal.message).toMatch(why);
      expect(refusal.message).toContain(`RATES_FILE ${file}`);
    }
    await expect(loadRates({ ratesFile: `${file}.none` })).rejects.toThrow(
      /^rates_unreadable: RATES_FILE .* gives no rates/,
    );
  } finally {
    await Deno.remove(file);
  }
});
