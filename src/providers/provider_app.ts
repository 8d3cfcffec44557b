import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { BOOK_HEADER, OTHER_BOOK_STATUS } from "./book_id.ts";
import { chargeLine } from "./charge_line.ts";
import type { ChargeLog } from "./charge_log.ts";
import type { FaultPlan, ProviderFaults } from "./faults.ts";
import { type Provider, ProviderTimeout } from "./provider.ts";
import {
  ChallengeMessage,
  ChargeMessage,
  ChargeNamesMessage,
  chargeRequest,
  KeyMessage,
  RefundMessage,
  refundRequest,
  statementMessage,
} from "./provider_wire.ts";

/** A lost reply keeps its caller waiting this long, which is longer than any caller waits. */
const PATIENCE_MS = 65_000;
const BODY_MAX_BYTES = 65_536;
const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * The providers' HTTP side: what `RemoteProvider` calls, the charge log as JSON lines, and the orders for faults.
 * It is the sandbox's own: no authentication, loopback only.
 */
export function createProviderApp({ providers, log, faults }: {
  providers: ReadonlyMap<string, Provider>;
  log: ChargeLog;
  faults: FaultPlan;
}): Hono {
  const app = new Hono();
  app.use(bodyLimit({
    maxSize: BODY_MAX_BYTES,
    onError: (context) => {
      const message = `A request body is at most ${BODY_MAX_BYTES} bytes.`;
      return context.json({ error: { code: "body_too_large", message } }, 413);
    },
  }));
  // A page of another site can send a form's kind of request here, and resolve its own name to this machine.
  app.use(async (context, next) => {
    const { hostname } = new URL(context.req.url);
    if (context.req.header("origin") === undefined && LOOPBACK.has(hostname)) return await next();
    return context.json({
      error: {
        code: "not_for_pages",
        message: "This address is for programs on this machine: no Origin header, and localhost as the host.",
      },
    }, 403);
  });

  // Before anything is done or told: a caller whose charges are in another book would take this one's word for that one's.
  app.use(async (context, next) => {
    const meant = context.req.header(BOOK_HEADER);
    if (meant === undefined || meant === log.bookId) return await next();
    return context.json({
      error: {
        code: "other_book",
        message:
          `These providers remember in the book ${log.bookId}, not in the one that is meant: nothing was done. ` +
          "Start deno task providers with the DATA_DIR of the other one.",
      },
    }, OTHER_BOOK_STATUS);
  });

  /** One call of one provider. What the provider does not answer is not answered here either. */
  const call = <Message extends z.ZodType>(
    path: string,
    schema: Message,
    handle: (provider: Provider, message: z.infer<Message>) => Promise<unknown>,
  ) =>
    app.post(`/providers/:provider/${path}`, async (context) => {
      const provider = providers.get(context.req.param("provider")!);
      if (provider === undefined) return context.json(unknownProvider(providers), 404);
      const parsed = await readMessage(context, schema);
      if ("fault" in parsed) return context.json(parsed.fault, 400);
      try {
        return context.json({
          reply: await Promise.race([handle(provider, parsed.data), gone(context.req.raw)]),
        });
      } catch (error) {
        if (!(error instanceof ProviderTimeout)) throw error;
        return context.json({ error: { code: "no_answer", message: error.message } }, 503);
      }
    });

  call("charges", ChargeMessage, (provider, message) => provider.charge(chargeRequest(message), PATIENCE_MS));
  call(
    "challenges",
    ChallengeMessage,
    (provider, { key, answer }) => provider.completeChallenge(key, answer, PATIENCE_MS),
  );
  call("statements", KeyMessage, async (provider, { key }) => {
    const statement = await provider.readStatement(key, PATIENCE_MS);
    return statement && statementMessage(statement);
  });
  call("voids", KeyMessage, (provider, { key }) => provider.voidKey(key, PATIENCE_MS));
  call("refunds", RefundMessage, (provider, message) => provider.refund(refundRequest(message), PATIENCE_MS));

  app.get("/book", (context) => context.json({ book_id: log.bookId }));
  // Read from the book itself: what was ordered of a provider does not keep its owner from looking.
  app.post("/book/statements", async (context) => {
    const parsed = await readMessage(context, ChargeNamesMessage);
    if ("fault" in parsed) return context.json(parsed.fault, 400);
    const statements = parsed.data.charges.map(({ provider, key }) => {
      const statement = log.statement(provider, key);
      return statement && statementMessage(statement);
    });
    return context.json({ statements });
  });

  app.get("/healthz", (context) => context.json({ status: "ok", providers: [...providers.keys()] }));

  app.get(
    "/charges",
    (context) => context.body(chargeLines(log), 200, { "content-type": "application/jsonl" }),
  );

  const allFaults = () =>
    Object.fromEntries([...providers.keys()].map((name) => [name, faultsMessage(faults.of(name))]));
  app.get("/faults", (context) => context.json(allFaults()));
  app.post("/faults", async (context) => {
    const parsed = await readMessage(context, FaultsMessage);
    if ("fault" in parsed) return context.json(parsed.fault, 400);
    const { provider, latency_ms, error_rate, reply_loss, outage } = parsed.data;
    if (provider !== undefined && !providers.has(provider)) {
      return context.json(unknownProvider(providers), 404);
    }
    const change = defined({
      latencyMs: latency_ms,
      errorRate: error_rate,
      replyLossRate: reply_loss,
      outage: outage === true ? "refusing" : outage === false ? "none" : outage,
    });
    for (const name of provider === undefined ? providers.keys() : [provider]) faults.change(name, change);
    return context.json(allFaults());
  });

  app.notFound((context) =>
    context.json({
      error: {
        code: "not_found",
        message:
          "There is GET /charges, GET /book, POST /book/statements, GET and POST /faults, GET /healthz and " +
          "POST /providers/<name>/charges, " +
          "/challenges, /statements, /voids and /refunds.",
      },
    }, 404)
  );
  return app;
}

/** The caller has given up: nobody is left to answer. */
function gone(request: Request): Promise<never> {
  return new Promise((_, reject) => {
    request.signal.addEventListener("abort", () => reject(new ProviderTimeout("the caller has gone")), {
      once: true,
    });
  });
}

const rate = z.number().min(0).max(1);
const FaultsMessage = z.strictObject({
  provider: z.string().optional(),
  latency_ms: z.number().min(0).max(60_000).optional(),
  error_rate: rate.optional(),
  reply_loss: rate.optional(),
  outage: z.union([z.boolean(), z.enum(["none", "refusing", "silent"])]).optional(),
});

function faultsMessage({ latencyMs, errorRate, replyLossRate, outage }: ProviderFaults) {
  return { latency_ms: latencyMs, error_rate: errorRate, reply_loss: replyLossRate, outage };
}

function defined(
  change: { [Name in keyof ProviderFaults]: ProviderFaults[Name] | undefined },
): Partial<ProviderFaults> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

function unknownProvider(providers: ReadonlyMap<string, Provider>) {
  return {
    error: {
      code: "unknown_provider",
      message: `There is no such provider. Use one of ${[...providers.keys()].join(", ")}.`,
    },
  };
}

/** The body as the schema has it, or what its sender is told. */
async function readMessage<Schema extends z.ZodType>(
  context: Context,
  schema: Schema,
): Promise<{ data: z.infer<Schema> } | { fault: { error: { code: string; message: string } } }> {
  let json: unknown;
  try {
    json = JSON.parse(await context.req.text());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const message =
      'The body is not JSON. Send a JSON object, as /faults takes {"provider":"northbank","outage":true}.';
    return { fault: { error: { code: "invalid_json", message } } };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { data: parsed.data };
  const [issue] = parsed.error.issues;
  const what = issue.message.replace(/^Invalid input: /, "");
  const where = issue.path.length === 0 ? "The body" : `"${issue.path.join(".")}" in the body`;
  return {
    fault: {
      error: {
        code: "invalid_body",
        message: `${where} does not fit: ${what}. Correct it and send it again.`,
      },
    },
  };
}

const LINES_PER_CHUNK = 500;

function chargeLines(log: ChargeLog): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const records = log.all()[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      let text = "";
      for (let i = 0; i < LINES_PER_CHUNK; i++) {
        const next = records.next();
        if (next.done) {
          if (text !== "") controller.enqueue(encoder.encode(text));
          controller.close();
          return;
        }
        text += chargeLine(next.value) + "\n";
      }
      controller.enqueue(encoder.encode(text));
    },
    cancel: () => void records.return?.(),
  });
}
