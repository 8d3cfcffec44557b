import { z } from "zod";
import { DomainError, showValue } from "../core/errors.ts";
import type { PaymentService } from "../payments/payment_service.ts";

/** Who calls, established by the transport. */
export interface Caller {
  readonly tenantId: string;
  readonly principal: string;
  readonly scopes: ReadonlySet<string>;
}

export interface ToolContext {
  readonly caller: Caller;
  readonly payments: PaymentService;
  /** The payment's time as the caller sets it in `_meta`, already allowed; null for now. */
  readonly simulatedAtMs: number | null;
}

/** What a handler gives: the answer, and figures about this one call that are no part of it. */
export interface ToolOutput {
  readonly answer: Record<string, unknown>;
  readonly timingsMs?: Readonly<Record<string, number>>;
}

export interface Tool {
  readonly name: string;
  /** The scope a token must carry. */
  readonly scope: "payments" | "wallets" | "analytics" | "monitoring" | "compliance";
  /** As listed: converted once, when the module is loaded, not once for each request. */
  readonly listing: ToolListing;
  call(input: unknown, context: ToolContext): Promise<ToolOutput>;
}

export interface ToolListing {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema;
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
}

type JsonSchema = { type: "object"; [keyword: string]: unknown };

/** One tool: names, schemas, annotations and a handler that makes one domain call. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(definition: {
  name: string;
  title: string;
  description: string;
  scope: Tool["scope"];
  input: Input;
  output: Output;
  annotations: ToolListing["annotations"];
  handle: (input: z.infer<Input>, context: ToolContext) => Promise<ToolOutput>;
}): Tool {
  const { name, title, description, scope, input, output, annotations, handle } = definition;
  return {
    name,
    scope,
    listing: {
      name,
      title,
      description,
      inputSchema: toJsonSchema(input, "input"),
      // An error's structuredContent is checked by some clients too, so the schema has both forms.
      outputSchema: { type: "object", anyOf: [toJsonSchema(output, "output"), ERROR_JSON_SCHEMA] },
      annotations,
    },
    call: (raw, context) => handle(parseInput(name, input, raw), context),
  };
}

const ErrorOutput = z.strictObject({
  error: z.strictObject({
    code: z.string(),
    message: z.string(),
    field: z.string().optional(),
    retriable: z.boolean(),
    next_move: z.string(),
    request_id: z.string().optional(),
  }),
});
const ERROR_JSON_SCHEMA = toJsonSchema(ErrorOutput, "output");

function toJsonSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target: "draft-2020-12" });
  return rest as JsonSchema;
}

/** The first fault, named: an agent mends one thing at a time. */
function parseInput<Input extends z.ZodObject>(tool: string, schema: Input, raw: unknown): z.infer<Input> {
  const parsed = schema.safeParse(raw ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue.code === "unrecognized_keys") {
    throw new DomainError("invalid_arguments", `${tool} has no argument ${showValue(issue.keys[0])}.`, {
      field: issue.keys[0].slice(0, 60),
      nextMove: `Use only: ${Object.keys(schema.shape).join(", ")}.`,
    });
  }
  const field = issue.path.join(".");
  const value = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    raw,
  );
  throw new DomainError(
    "invalid_arguments",
    field === ""
      ? `The arguments of ${tool} are not an object.`
      : value === undefined
      ? `${tool} needs the argument ${field}.`
      : `${tool} cannot take ${showValue(value)} as ${field}: ${issue.message}.`,
    {
      field: field || undefined,
      nextMove: "Correct the argument as its schema in tools/list says and call again.",
    },
  );
}
