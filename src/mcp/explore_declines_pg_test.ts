import { expect } from "expect";
import { bearer, SECRET, serveLab } from "../http/testing/serve_lab.ts";
import { modelOf } from "../payments/testing/open_lab.ts";
import { CLIENT_KINDS } from "./testing/connect_client.ts";

const SHARE = 0.4;

interface Paid {
  payment_id: string;
  status: string;
  decline: { by: string } | null;
  risk: { score: number; decision: string; decided_by: string; propensity: number };
}

Deno.test("some of what the model declines is approved: the answer, its replay, a later reading and the records say so", async () => {
  const explored: string[] = [];
  await using served = await serveLab({
    config: { jwtSecretKey: SECRET },
    lab: {
      model: modelOf(() => 80),
      exploreDeclines: SHARE,
      onExplored: (decision) => void explored.push(decision),
    },
  });
  const { connect } = CLIENT_KINDS["the v1 SDK's client"];
  await using client = await connect({ url: served.url }, await bearer());
  await client.listTools();
  const call = async (name: string, args: Record<string, unknown>) => {
    const result = await client.callTool({ name, arguments: args });
    return result.structuredContent as unknown as Paid & { replayed?: boolean };
  };
  const decisions: string[] = [];
  for (let i = 0; i < 30; i++) {
    const asked = {
      amount: "10.00",
      currency: "USD",
      method: "card",
      customer_id: i % 2 === 0 ? "cust_ann" : "cust_ben",
      idempotency_key: `key-${i}`,
    };
    const first = await call("create_payment", asked);
    const { risk } = first;
    if (risk.decided_by === "rule") break;
    decisions.push(risk.decision);
    expect(risk).toMatchObject({ score: 80, propensity: SHARE });
    expect(risk.decided_by).toBe(risk.decision === "approve" ? "exploration" : "model");
    // Its issuer says what it likes.
    if (risk.decision === "approve") expect(first.decline?.by).not.toBe("risk");
    else expect(first).toMatchObject({ status: "declined", decline: { by: "risk" } });
    const { replayed, ...again } = await call("create_payment", asked);
    expect({ ...again, replayed }).toEqual({ ...first, replayed: true });
    const found = await call("get_payment_status", { payment_id: first.payment_id });
    const { propensity, decision, decided_by } = risk;
    expect(found.risk).toMatchObject({ propensity, decision, decided_by });
    expect(served.lab.charges(first.payment_id).length > 0).toBe(decision === "approve");
    const [stored] = await served.lab.owner`
      select p.approval_propensity, e.details ->> 'decided_by' as decided_by, (e.details ->> 'propensity')::float8 as audited
        from payments p join audit_events e
          on e.tenant_id = p.tenant_id and e.audit_id = 'aud_' || substr(p.payment_id, 5) || '_1'
       where p.payment_id = ${first.payment_id}`;
    expect({ ...stored }).toEqual({ approval_propensity: SHARE, decided_by, audited: SHARE });
  }
  // Payments enough that chance would have to be one in ten thousand for either to be missing.
  expect(decisions.length).toBeGreaterThan(20);
  expect(new Set(decisions)).toEqual(new Set(["approve", "decline"]));
  expect(explored).toEqual(decisions);
  expect(await served.lab.brokenInvariants()).toEqual([]);
});
