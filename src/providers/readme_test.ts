import { expect } from "expect";
import { ACQUIRER_PROFILES } from "./acquirer_profiles.ts";
import { DECLINE_CODES, REFUSAL_CODES } from "./decline_codes.ts";
import { TEST_PAYMENT_METHODS } from "./test_payment_methods.ts";

/**
 * The README's tables are made from the code. After a change:
 * `UPDATE_SNAPSHOTS=1 deno test --allow-read --allow-write --allow-env src/providers/readme_test.ts`
 */
const README = new URL("./README.md", import.meta.url);

const TABLES: Readonly<Record<string, string>> = {
  "test payment methods": table(
    ["payment_method_id", "network", "last 4", "what happens"],
    Object.entries(TEST_PAYMENT_METHODS).map((
      [id, { network, last4, about }],
    ) => [`\`${id}\``, network, last4, about]),
  ),
  "decline codes": table(
    ["code", "may succeed later", "may succeed at another provider now", "message"],
    Object.entries(DECLINE_CODES).map(([code, { soft, elsewhere, message }]) => [
      `\`${code}\``,
      soft ? "yes" : "no",
      elsewhere ? "yes" : "no",
      message,
    ]).concat(
      Object.entries(REFUSAL_CODES).map(([code, { message }]) => [`\`${code}\``, "yes", "yes", message]),
    ),
  ),
  acquirers: table(
    ["provider", "about", "fee at home", "within Europe", "abroad", "fixed", "p50 / p99 ms", "3-D Secure"],
    ACQUIRER_PROFILES.map(({ name, about, fees, latencyMsP50, latencyMsP99, threeDSecure }) => [
      `\`${name}\``,
      about,
      percent(fees.basisPoints),
      percent(fees.basisPoints + fees.sameRegionBasisPoints),
      percent(fees.basisPoints + fees.crossBorderBasisPoints),
      `${fees.fixedUsdCents} US cents`,
      `${latencyMsP50} / ${latencyMsP99}`,
      threeDSecure ? "yes" : "no",
    ]),
  ),
};

Deno.test("the README's tables are what the code says", async () => {
  const text = await Deno.readTextFile(README);
  let expected = text;
  for (const [name, rows] of Object.entries(TABLES)) {
    expected = expected.replace(
      new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`),
      (_, from, to) => `${from}${rows}\n${to}`,
    );
    expect(expected).toContain(rows);
  }
  if (Deno.env.get("UPDATE_SNAPSHOTS") === "1") await Deno.writeTextFile(README, expected);
  else expect(text).toBe(expected);
});

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function percent(basisPoints: bigint): string {
  return `${(Number(basisPoints) / 100).toFixed(2)} %`;
}
