import { expect } from "expect";
import { signApproval, verifyApproval } from "./approval_token.ts";

const SECRET = new Uint8Array(32).fill(7);
const CALL = { tenantId: "lab", principal: "agent", requestHash: "hash" };
const CLAIM = { ...CALL, resourceId: `tr_${"0".repeat(26)}`, expiresAtMs: 1_767_614_400_000 };

Deno.test("a token is good for its caller and arguments, and for nothing else", () => {
  const token = signApproval(CLAIM, SECRET);
  expect(verifyApproval(token, CALL, "tr", SECRET)).toEqual(CLAIM);
  const [transfer, expiry, signature] = token.split(".");
  const cases: [string, string, typeof CALL][] = [
    ["another tenant's", token, { ...CALL, tenantId: "other" }],
    ["another principal's", token, { ...CALL, principal: "someone" }],
    ["other arguments", token, { ...CALL, requestHash: "hash2" }],
    ["a later expiry", `${transfer}.${Number(expiry) + 1}.${signature}`, CALL],
    ["another transfer", `tr_${"1".repeat(26)}.${expiry}.${signature}`, CALL],
    ["another signature", `${transfer}.${expiry}.${"A".repeat(43)}`, CALL],
    ["no signature", `${transfer}.${expiry}.`, CALL],
    ["nothing", "", CALL],
    ["parts moved over", token, { ...CALL, principal: 'agent","tr' }],
  ];
  for (const [what, given, call] of cases) {
    expect([what, verifyApproval(given, call, "tr", SECRET)]).toEqual([what, null]);
  }
  // A transfer's token approves no refund, whatever its arguments.
  expect(verifyApproval(token, CALL, "re", SECRET)).toBe(null);
  expect(verifyApproval(token, CALL, "tr", new Uint8Array(32))).toBe(null);
});
