import { expect } from "expect";
import { signApproval } from "../core/approval_token.ts";
import { approvalQuestion } from "../mcp/approval_question.ts";
import { askPerson } from "../mcp/ask_person.ts";
import { bearer } from "../http/testing/serve_lab.ts";
import { rawRequest } from "../http/testing/raw_request.ts";
import { refundedAtProviders } from "../payments/testing/refund_lab.ts";
import { Browser } from "./testing/browser.ts";
import {
  agentHeaders,
  approverToken,
  askForRefund,
  askForTransfer,
  PAGE,
  payReviewed,
  serveDashboard,
} from "./testing/dashboard_lab.ts";

Deno.test("a person sees what waits, who asks and why, approves one, refuses one, and is audited by name", async () => {
  await using served = await serveDashboard();
  const refund = await askForRefund(served);
  const transfer = await askForTransfer(served);
  expect(refund.answer).toMatchObject({
    status: "pending_approval",
    approval: { approval_page: `${PAGE}#${refund.id}` },
    next_move: expect.stringContaining(`A person decides it at ${PAGE}#${refund.id}`),
  });
  expect(transfer.answer.next_move).toContain(`${PAGE}#${transfer.id}`);

  const maria = new Browser(served.url);
  expect((await maria.signIn(await approverToken())).status).toBe(303);
  expect(new Set(maria.waiting)).toEqual(new Set([refund.id, transfer.id]));
  for (
    const shown of [
      "Refund of 20.00 USD to Ann",
      "not_received",
      "Transfer of 950.00 USD from Ann to cust_",
      "Rent",
      "agent-1",
      "Several transfers within days, each just below a limit",
      "a person is asked from 50",
      "Expires in",
    ]
  ) expect(maria.page).toContain(shown);

  await maria.decide(refund.id, "approve");
  expect(maria.notice).toMatch(
    /^Approved: Refund of 20\.00 USD to Ann\. By maria on this page.*succeeded now\.$/,
  );
  await maria.decide(transfer.id, "reject");
  expect(maria.notice).toMatch(/^Rejected: Transfer of 950\.00 USD from Ann/);
  expect(maria.waiting).toEqual([]);
  expect(maria.decided.map((line) => line.split(" ")[0])).toEqual(["Rejected", "Approved"]);
  expect(maria.decided[1]).toMatch(/By maria on this page.*Asked by agent-1/);

  expect(refundedAtProviders(served.lab)).toBe(2_000n);
  // What the agent's call hears afterwards is how it ended.
  expect(await refund.again({ approval_token: undefined })).toMatchObject({
    status: "succeeded",
    replayed: true,
  });
  expect(await transfer.again({ approval_token: undefined })).toMatchObject({
    status: "rejected",
    replayed: true,
  });
  const audited = await served.lab.owner`
    select actor, action, details->>'via' as via from audit_events
     where resource in (${refund.id}, ${transfer.id}) and audit_id like '%\\_2' order by action`;
  expect([...audited]).toEqual([
    { actor: "maria", action: "refund.approved", via: "dashboard" },
    { actor: "maria", action: "transfer.rejected", via: "dashboard" },
  ]);
  expect(await served.lab.brokenInvariants()).toEqual([]);
});

Deno.test("an agent's token opens nothing, however it is sent; a person's needs its one scope and no other", async () => {
  await using served = await serveDashboard();
  const refund = await askForRefund(served);
  const agent = (await agentHeaders()).authorization;
  // As a header, and as the cookie that a sign-in would have set.
  const sentAs: Record<string, string>[] = [
    { authorization: agent },
    { cookie: `dashboard_identity=${agent.slice(7)}` },
  ];
  for (const headers of sentAs) {
    const browser = new Browser(served.url);
    await browser.open("/dashboard", headers);
    expect(browser.page).toContain("<h1>Sign in</h1>");
    expect(browser.page).not.toContain(refund.id);
    await browser.decide(refund.id, "approve", headers);
    expect((await browser.open("/dashboard/waiting", headers)).status).toBe(401);
  }
  const token = async (claims: Parameters<typeof bearer>[0]) => (await bearer(claims)).authorization.slice(7);
  const refused: [token: string, why: RegExp][] = [
    [agent.slice(7), /lacks the scope approvals:decide/],
    [
      await token({ scopes: ["payments", "approvals:decide"] }),
      /calls as well: beside approvals:decide it has payments\./,
    ],
    [
      await token({ scopes: ["approvals:decide", "simulate"] }),
      /calls as well: beside approvals:decide it has simulate\./,
    ],
    [await approverToken({ expiresInS: -10 }), /has expired/],
    [`${(await approverToken()).slice(0, -2)}AA`, /signature does not match/],
    ["no token", /not a valid/],
    ["", /not a valid/],
    ["x".repeat(5_000), /longer than/],
  ];
  for (const [given, why] of refused) {
    const browser = new Browser(served.url);
    const response = await browser.signIn(given);
    expect({ why, status: response.status }).toEqual({ why, status: 401 });
    expect(browser.notice).toMatch(why);
    expect(browser.cookies.has("dashboard_identity")).toBe(false);
  }
  // And a person's token calls no tool.
  const listed = await fetch(served.url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${await approverToken()}` },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "refund_payment", arguments: { payment_id: "pay_1" } },
    }),
  });
  expect(listed.status).toBe(403);
  await listed.body?.cancel();
  expect(refundedAtProviders(served.lab)).toBe(0n);
});

Deno.test("a person decides for their own tenant: another one's items are not there", async () => {
  await using served = await serveDashboard();
  const [own, others] = [await askForRefund(served), await askForRefund(served, { tenantId: "other" })];
  const maria = new Browser(served.url);
  await maria.signIn(await approverToken());
  expect(maria.waiting).toEqual([own.id]);
  const otto = new Browser(served.url);
  await otto.signIn(await approverToken({ principal: "otto", tenantId: "other" }));
  expect(otto.waiting).toEqual([others.id]);
  const nobodys = `re_${"0".repeat(26)}`;
  for (const id of [others.id, nobodys]) {
    await maria.open();
    const response = await maria.decide(id, "approve");
    expect(response.status).toBe(404);
    expect(maria.page).toContain("No refund or transfer with this id has waited for a person here.");
    await maria.open(`/dashboard?done=${id}`);
    expect(maria.notice).toBe("");
  }
  // A form that was shown to Otto is none of Maria's, though the browser be the same.
  await otto.open();
  const otherForm = otto.formToken;
  await maria.open();
  expect(
    (await maria.post("/dashboard/approvals", { id: own.id, decision: "approve", form_token: otherForm }))
      .status,
  )
    .toBe(403);
  expect(refundedAtProviders(served.lab)).toBe(0n);
});

Deno.test("the cookie is the browser's alone, and signing out ends it", async () => {
  await using served = await serveDashboard();
  const maria = new Browser(served.url);
  await maria.signIn(await approverToken());
  expect(maria.setCookies.length).toBe(2);
  for (const cookie of maria.setCookies) {
    expect(cookie).toMatch(/; Path=\/dashboard; HttpOnly; SameSite=Strict$/);
  }
  expect(maria.page).toContain("<bdi>maria</bdi>");
  await maria.post("/dashboard/sign-out", {});
  expect(maria.page).toContain("<h1>Sign in</h1>");
  // By a link of another site the browser keeps the cookie back: the page asks again, and then as its own.
  await maria.open("/dashboard", { "sec-fetch-site": "cross-site" });
  expect(maria.page).toContain('http-equiv="refresh" content="0;url=/dashboard?own"');
  await maria.open("/dashboard?own", { "sec-fetch-site": "cross-site" });
  expect(maria.page).toContain("<h1>Sign in</h1>");

  await using secure = await serveDashboard({ publicUrl: "https://pay.example.test" });
  const far = new Browser(secure.url);
  await far.open();
  expect(far.setCookies[0]).toMatch(/; HttpOnly; Secure; SameSite=Strict$/);
  // By the public name, whether or not the proxy passes it on as the host.
  const body = new URLSearchParams({ form_token: far.formToken, identity: await approverToken() }).toString();
  for (const host of ["pay.example.test", "127.0.0.1"]) {
    for (
      const [origin, status] of [["https://pay.example.test", 303], ["https://evil.example", 403]] as const
    ) {
      const answer = await rawRequest(secure.url, {
        method: "POST",
        path: "/dashboard/sign-in",
        headers: {
          host,
          origin,
          cookie: [...far.cookies].map(([name, value]) => `${name}=${value}`).join("; "),
          "content-type": "application/x-www-form-urlencoded",
          "content-length": String(body.length),
        },
        body,
      });
      expect({ host, origin, status: answer.status }).toEqual({ host, origin, status });
    }
  }
});

Deno.test("without tokens anybody on this machine decides, once they say who they are", async () => {
  await using served = await serveDashboard({ tokens: false });
  const refund = await askForRefund(served, { tenantId: "default" });
  const browser = new Browser(served.url);
  await browser.open();
  expect(browser.waiting).toEqual([refund.id]);
  expect(browser.page).toContain("Who decides?");
  expect(browser.page).not.toContain("Approve</button>");
  const nameless = await browser.decide(refund.id, "approve");
  expect(nameless.status).toBe(400);
  expect(browser.page).toContain("Say who decides first.");
  for (const name of ["", "  ", "<b>", "a".repeat(61), "-dash", "new\nline"]) {
    expect({ name, status: (await browser.signIn(name)).status }).toEqual({ name, status: 400 });
  }
  await browser.signIn("Zoë O'Neil");
  expect(browser.page).toContain("<bdi>Zoë O&#39;Neil</bdi>");
  await browser.decide(refund.id, "reject");
  expect(browser.notice).toMatch(/^Rejected: Refund of 20\.00 USD to Dana\. By Zoë O&#39;Neil on this page/);
  const [audited] = await served.lab.owner`
    select actor, action from audit_events where resource = ${refund.id} and action = 'refund.rejected'`;
  expect(audited).toEqual({ actor: "Zoë O'Neil", action: "refund.rejected" });
});

Deno.test("a form of any other page, or a name that leads here, decides nothing", async () => {
  await using served = await serveDashboard({ tokens: false });
  const refund = await askForRefund(served, { tenantId: "default" });
  const browser = new Browser(served.url);
  await browser.signIn("Zoe");
  const other = new Browser(served.url);
  await other.signIn("Zoe");
  const own = browser.formToken;
  const port = new URL(served.url).port;
  const forged: [what: string, headers: Record<string, string>, formToken: string][] = [
    ["another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }, own],
    ["another port of this machine", { origin: "http://127.0.0.1:1", "sec-fetch-site": "same-site" }, own],
    ["the same, by an old browser", { origin: "http://127.0.0.1:1", "sec-fetch-site": "" }, own],
    [
      "this machine by another name",
      { origin: `http://localhost:${port}`, "sec-fetch-site": "same-site" },
      own,
    ],
    ["a page without an origin", { origin: "null", "sec-fetch-site": "cross-site" }, own],
    ["no origin at all", { origin: "" }, own],
    ["a script that says it is another site", { "sec-fetch-site": "cross-site" }, own],
    ["no form token", {}, ""],
    ["a made-up form token", {}, "A".repeat(43)],
    ["a form shown to another browser", {}, other.formToken],
    ["another browser's cookies", { cookie: "dashboard_identity=Zoe" }, own],
  ];
  for (const [what, headers, formToken] of forged) {
    const { status } = await browser.post(
      "/dashboard/approvals",
      { id: refund.id, decision: "approve", form_token: formToken },
      headers,
    );
    expect({ what, status }).toEqual({ what, status: 403 });
  }
  // A page elsewhere may not even read it.
  for (const origin of ["http://127.0.0.1:1", "http://localhost:3000", "https://evil.example"]) {
    const read = await browser.open("/dashboard", { origin });
    expect(read.status).toBe(403);
    expect(read.headers.get("access-control-allow-origin")).toBeNull();
  }
  const rebound = await rawRequest(served.url, {
    path: "/dashboard",
    headers: { host: `evil.example:${port}` },
  });
  expect([rebound.status, rebound.body]).toEqual([403, expect.stringContaining("host_not_allowed")]);
  expect(refundedAtProviders(served.lab)).toBe(0n);
  await browser.open();
  expect(browser.waiting).toEqual([refund.id]);
});

Deno.test("what somebody else wrote is shown as text, and every answer forbids what the page does not need", async () => {
  await using served = await serveDashboard();
  const mark = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
  await served.lab.owner`update customers set name = ${`Ann ${mark}`} where customer_id = 'cust_ann'`;
  await askForRefund(served, { reason: mark });
  await askForTransfer(served, mark);
  const maria = new Browser(served.url);
  await maria.signIn(await approverToken());
  const response = await maria.open(
    `/dashboard?done=${encodeURIComponent(mark)}&after=${encodeURIComponent(mark)}`,
  );
  expect(maria.waiting.length).toBe(2);
  expect(maria.page).not.toContain("<script>");
  expect(maria.page).not.toContain("<img");
  expect(maria.page.match(/&lt;script&gt;alert\(1\)/g)!.length).toBeGreaterThan(5);
  const policy = response.headers.get("content-security-policy")!;
  expect(policy.split("; ").sort()).toEqual([
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src data:",
    "script-src 'self'",
    "style-src 'self'",
  ]);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
  });
  // Nothing is loaded from elsewhere, and nothing runs or looks otherwise than by the two files.
  expect(maria.page).not.toMatch(/(src|href)="(https?:)?\/\//);
  expect(maria.page).not.toMatch(/<[^<>]* (style|on[a-z]+)=/);
  for (const [name, type] of [["dashboard.css", "text/css"], ["dashboard.js", "text/javascript"]]) {
    const asset = await maria.open(`/dashboard/assets/${name}`);
    expect([asset.status, asset.headers.get("content-type")]).toEqual([200, `${type}; charset=utf-8`]);
  }
  expect((await maria.open("/dashboard/")).headers.get("location")).toBe("/dashboard");
  for (
    const path of ["/dashboard/nothing", "/dashboard/assets/../dashboard_app.ts", "/dashboard/assets/x.css"]
  ) {
    expect((await maria.open(path)).status).toBe(404);
  }
});

Deno.test("with APPROVAL_TOKENS off, whoever made the call cannot approve it, by token or by question", async () => {
  await using served = await serveDashboard({ approvals: { page: PAGE, byToken: false } });
  for (const ask of [askForRefund, askForTransfer]) {
    const waiting = await ask(served);
    expect(waiting.answer).toMatchObject({
      status: "pending_approval",
      approval: { approval_token: null, approval_page: `${PAGE}#${waiting.id}` },
      next_move: expect.stringMatching(
        /^A person decides it at .*; .*\. Nobody else can; undecided, it expires\.$/,
      ),
    });
    // Not even with a token that another server on this database has given.
    const made = signApproval(
      {
        tenantId: "lab",
        principal: "agent-1",
        resourceId: waiting.id,
        requestHash: "",
        expiresAtMs: served.lab.clock.nowMs() + 60_000,
      },
      served.lab.service.approvalSecret,
    );
    expect(await waiting.again({ approval_token: made })).toMatchObject({
      error: {
        code: "invalid_approval_token",
        next_move: `Leave it out and have a person decide at ${PAGE}.`,
      },
    });
    // A client that would put a question to its user is given none: that user is not the one who decides.
    expect(askPerson(approvalQuestion(() => "Approve?"), waiting.answer)).toBeNull();
    const maria = new Browser(served.url);
    await maria.signIn(await approverToken());
    await maria.decide(waiting.id, "approve");
    expect(maria.notice).toMatch(/^Approved: /);
  }
  expect(refundedAtProviders(served.lab)).toBe(2_000n);
});

Deno.test("two people and the call's token at the same moment: one of them decides, and all are told what", async () => {
  await using served = await serveDashboard();
  const kinds = [
    { ask: askForRefund, ends: { Approved: "succeeded", Rejected: "rejected" } },
    { ask: askForTransfer, ends: { Approved: "posted", Rejected: "rejected" } },
  ] as const;
  for (const { ask, ends } of kinds) {
    const waiting = await ask(served);
    const people = await Promise.all(["maria", "otto"].map(async (principal) => {
      const browser = new Browser(served.url);
      await browser.signIn(await approverToken({ principal }));
      return browser;
    }));
    const [pages, calls] = await Promise.all([
      Promise.all(
        Array.from(
          { length: 10 },
          (_, i) => people[i % 2].decide(waiting.id, i % 2 === 0 ? "approve" : "reject"),
        ),
      ),
      Promise.all(Array.from({ length: 4 }, (_, i) => waiting.again({ approved: i % 2 === 0 }))),
    ]);
    expect(pages.map(({ status }) => status)).toEqual(Array(10).fill(303));
    const first = pages.filter(({ headers }) => !headers.get("location")!.includes("before")).length +
      calls.filter(({ replayed }) => replayed === false).length;
    expect(first).toBe(1);
    for (const browser of people) {
      await browser.open();
      expect(browser.waiting).toEqual([]);
    }
    const [told, alike] = people.map(({ decided }) => decided[0]);
    expect(told).toBe(alike);
    const [, how] = /^(Approved|Rejected) (?:Refund|Transfer) .*By (?:maria|otto|agent-1) /.exec(told)!;
    expect(new Set(calls.map(({ status }) => status))).toEqual(new Set([ends[how as keyof typeof ends]]));
    if (ask === askForRefund) {
      expect(refundedAtProviders(served.lab)).toBe(how === "Approved" ? 2_000n : 0n);
    }
  }
  expect(await served.lab.brokenInvariants()).toEqual([]);
});

Deno.test("what can never be done any more says so while it waits, and approved it ends with the reason", async () => {
  await using served = await serveDashboard();
  const paymentId = await payReviewed(served, await agentHeaders());
  const first = await askForRefund(served, { paymentId, amount: "40.00" });
  const second = await askForRefund(served, { paymentId, amount: "20.00" });
  const third = await askForRefund(served, { paymentId, amount: "10.00" });
  const maria = new Browser(served.url);
  await maria.signIn(await approverToken());
  expect(maria.page).not.toContain("It can no longer be paid");
  await maria.decide(first.id, "approve");
  // Of requests within one millisecond either may stand first.
  expect(new Set(maria.waiting)).toEqual(new Set([second.id, third.id]));
  const obstacles = [
    ...maria.page.matchAll(/It can no longer be paid: of 50.00 USD captured, 40.00 USD has/g),
  ];
  expect(obstacles.length).toBe(1);
  const response = await maria.decide(second.id, "approve");
  expect(response.status).toBe(303);
  expect(maria.notice).toMatch(/^Approved: .* It is failed now\. Other refunds .* 10\.00 USD is left/);
  expect(maria.waiting).toEqual([third.id]);
  expect(maria.decided.find((line) => line.includes("20.00"))).toMatch(
    /^Approved Refund of 20\.00 USD .* Now failed\. Other refunds/,
  );
  expect(await second.again()).toMatchObject({ status: "failed", failure_code: "refund_exceeds_captured" });
  expect(refundedAtProviders(served.lab)).toBe(4_000n);
  expect(await served.lab.brokenInvariants()).toEqual([]);
});

Deno.test("what cannot be done now, and may be later, says why, and goes on waiting", async () => {
  await using served = await serveDashboard({ providerTimeoutMs: 200 });
  const paymentId = await payReviewed(served, await agentHeaders());
  const first = await askForRefund(served, { paymentId, amount: "40.00" });
  const second = await askForRefund(served, { paymentId, amount: "20.00" });
  const maria = new Browser(served.url);
  await maria.signIn(await approverToken());
  for (const provider of served.lab.stack.simulated!.providers.keys()) {
    served.lab.stack.simulated!.faults.change(provider, { outage: "silent" });
  }
  // In doubt: it may have been made, or may yet fail.
  await maria.decide(first.id, "approve");
  const response = await maria.decide(second.id, "approve");
  expect(response.status).toBe(409);
  expect(maria.notice).toMatch(/^It waits still\. Cannot refund 20\.00 USD .* 10\.00 USD is left\./);
  expect(maria.waiting).toEqual([second.id]);
  expect(maria.page).toContain("Already given back");
  await maria.decide(second.id, "reject");
  expect(maria.waiting).toEqual([]);
});

Deno.test("more than fifty that wait come by pages, each once", async () => {
  await using served = await serveDashboard();
  const { id } = await askForRefund(served);
  await askForTransfer(served);
  await served.lab.owner`
    insert into refunds
    select (jsonb_populate_record(r, jsonb_build_object(
             'refund_id', 're_' || lpad(i::text, 26, '0'), 'idempotency_key', null,
             'expires_at', r.expires_at + (i % 7) * interval '1 second'))).*
      from refunds r, generate_series(1, 108) i where refund_id = ${id}`;
  const maria = new Browser(served.url);
  await maria.signIn(await approverToken());
  const seen = [maria.waiting];
  while (seen.length < 10) {
    const next = /href="(\/dashboard\?after=[^"]+)"/.exec(maria.page)?.[1];
    if (next === undefined) break;
    await maria.open(next);
    seen.push(maria.waiting);
  }
  expect(seen.map(({ length }) => length)).toEqual([50, 50, 10]);
  expect(new Set(seen.flat()).size).toBe(110);
});
