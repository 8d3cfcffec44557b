import { z } from "zod";
import { DomainError, ERROR_CATALOGUE, type ErrorCode, showValue } from "../core/errors.ts";
import type { PaymentService } from "../payments/payment_service.ts";
import type { WalletService } from "../wallets/wallet_service.ts";
import type { Waiting } from "./ask_person.ts";
import { type Issue, issueWords } from "./issue_words.ts";

/** Who calls, established by the transport. */
export interface Caller {
  readonly tenantId: string;
  readonly principal: string;
  readonly scopes: ReadonlySet<string>;
}

export interface ToolContext {
  readonly caller: Caller;
  readonly payments: PaymentService;
  readonly wallets: WalletService;
  /** The payment's time as the caller sets it in `_meta`, already allowed; null for now. */
  readonly simulatedAtMs: number | null;
  /** The token of a question that was dismissed: the call asks only how it stands. Null for any other call. */
  readonly dismissed: string | null;
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
  /** How its answer asks a person; null when it never waits for one. */
  readonly waiting: Waiting | null;
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
  waiting?: Waiting;
  handle: (input: z.infer<Input>, context: ToolContext) => Promise<ToolOutput>;
}): Tool {
  const { name, title, description, scope, input, output, annotations, waiting, handle } = definition;
  return {
    name,
    scope,
    waiting: waiting ?? null,
    listing: {
      name,
      title,
      description,
      // Said even where nothing is required, so that all tools are listed alike.
      inputSchema: { required: [], ...toJsonSchema(input, "input") },
      // An error's structuredContent is checked by some clients too, so the schema has both forms.
      outputSchema: { type: "object", anyOf: [toJsonSchema(output, "output"), ERROR_JSON_SCHEMA] },
      annotations,
    },
    call: (raw, context) => handle(parseInput(name, input, raw), context),
  };
}

const ErrorOutput = z.strictObject({
  error: z.strictObject({
    code: z.enum(Object.keys(ERROR_CATALOGUE) as [ErrorCode]).describe("Stable: branch on this."),
    message: z.string().describe("What failed, on which value."),
    field: z.string().optional().describe("The argument at fault."),
    retriable: z.boolean().describe("Whether the same call may succeed later without a change."),
    next_move: z.string().describe("What to do now."),
    request_id: z.string().optional().describe("Finds a fault of the server in its log."),
  }),
});
const ERROR_JSON_SCHEMA = toJsonSchema(ErrorOutput, "output");

function toJsonSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target: "draft-2020-12" });
  return rest as JsonSchema;
}

const FIELD_MAX_CHARS = 80;

/** The first fault, named: an agent mends one thing at a time. */
function parseInput<Input extends z.ZodObject>(tool: string, schema: Input, raw: unknown): z.infer<Input> {
  const parsed = schema.safeParse(raw ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue.code === "unrecognized_keys") {
    throw new DomainError("invalid_arguments", `${tool} has no argument ${showValue(issue.keys[0])}.`, {
      field: issue.keys[0].slice(0, FIELD_MAX_CHARS),
      nextMove: `Use only: ${Object.keys(schema.shape).join(", ")}.`,
    });
  }
  throw new DomainError("invalid_arguments", describe(tool, issue, raw), {
    field: issue.path.join(".").slice(0, FIELD_MAX_CHARS) || undefined,
    nextMove: "Correct the argument as its schema in tools/list says and call again.",
  });
}

function describe(tool: string, issue: z.core.$ZodIssue, raw: unknown): string {
  if (issue.path.length === 0) return `The arguments of ${tool} are not an object.`;
  if (issue.code === "invalid_key") {
    const key = issue.path.at(-1);
    const of = issue.path.slice(0, -1).join(".");
    return `${tool} cannot take ${showValue(key)} as a name in ${of}: ${
      issueWords(issue.issues[0] as Issue)
    }.`;
  }
  const field = issue.path.join(".").slice(0, FIELD_MAX_CHARS);
  const value = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    raw,
  );
  return value === undefined
    ? `${tool} needs the argument ${field}.`
    : `${tool} cannot take ${showValue(value)} as ${field}: ${issueWords(issue as Issue)}.`;
}
