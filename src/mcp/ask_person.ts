import {
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type InputRequiredResult,
  inputResponse,
} from "@modelcontextprotocol/server";
import { DomainError, showValue } from "../core/errors.ts";

/**
 * How a tool whose answer may wait for a person asks that person.
 *
 * On 2026-07-28, from a client that declares elicitation, the answer becomes `input_required`: the question, and as request
 * state the very token that the answer carries for everybody else. So there is one proof of who may go on with what, and
 * it is checked where the domain checks it: signed, with an expiry, for this caller and these arguments.
 */
export interface Waiting {
  /** What is asked; null for an answer that does not wait. */
  question(answer: Record<string, unknown>): Question | null;
  /** The arguments that go on with the call as the person said; `content` is null where they said no. */
  answered(token: string, content: Readonly<Record<string, unknown>> | null): Record<string, unknown>;
}

export interface Question {
  readonly message: string;
  readonly token: string;
  readonly field: { readonly name: string; readonly schema: FieldSchema };
}

type FieldSchema =
  | { type: "string"; title: string; description: string; minLength: number; maxLength: number }
  | { type: "boolean"; title: string; description: string };

/** What a request carries of an earlier round, and whether its client would take a question. */
export interface Round {
  readonly requestState: string | undefined;
  readonly inputResponses: Record<string, unknown> | undefined;
  readonly mayAsk: boolean;
}

/** One question an answer, so one name is enough. */
const KEY = "person";

/** Requests of older revisions carry no envelope: they are answered with the token. */
export function roundOf(request: {
  envelope?: Readonly<Record<string, unknown>>;
  inputResponses?: Record<string, unknown>;
  requestState: () => unknown;
}): Round {
  const capabilities = request.envelope?.[CLIENT_CAPABILITIES_META_KEY] as
    | { elicitation?: Record<string, unknown> }
    | undefined;
  const elicitation = capabilities?.elicitation;
  const state = request.requestState();
  return {
    requestState: typeof state === "string" ? state : undefined,
    inputResponses: request.inputResponses,
    // A bare declaration means forms.
    mayAsk: elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined),
  };
}

/**
 * The arguments with what the person said. A dismissed question is not put again, or the client would put it for ever;
 * nor is the call made as if it were new, for it might pay again: it is answered as it stands, with the token by which
 * anybody goes on who cannot be asked.
 *
 * @returns `dismissed`: the token of the question that nobody answered; null where somebody did, or none was put
 */
export function withPersonsWord(
  tool: string,
  waiting: Waiting | null,
  raw: unknown,
  { requestState, inputResponses }: Round,
): { raw: unknown; dismissed: string | null } {
  if (requestState === undefined) return { raw, dismissed: null };
  if (waiting === null) {
    throw new DomainError("invalid_arguments", `${tool} never asks for input, so it takes no requestState.`, {
      field: "requestState",
      nextMove: "Call it again without requestState.",
    });
  }
  const response = inputResponse(inputResponses, KEY);
  if (response.kind !== "elicit") {
    throw new DomainError(
      "invalid_arguments",
      `${tool} was called with requestState, but inputResponses has no answer named "${KEY}": ${
        showValue(inputResponses ?? null)
      }.`,
      {
        field: "inputResponses",
        nextMove: `Send {"${KEY}": {"action": "accept", "content": {…}}}, or decline.`,
      },
    );
  }
  if (response.action === "cancel") return { raw, dismissed: requestState };
  const content = response.action === "accept" ? response.content ?? {} : null;
  return { raw: { ...raw as object, ...waiting.answered(requestState, content) }, dismissed: null };
}

/** The answer as the question it waits for; null for one that is whole. */
export function askPerson(
  waiting: Waiting | null,
  answer: Record<string, unknown>,
): InputRequiredResult | null {
  const question = waiting?.question(answer) ?? null;
  if (question === null) return null;
  const { name, schema } = question.field;
  return inputRequired({
    inputRequests: {
      [KEY]: inputRequired.elicit({
        message: question.message,
        requestedSchema: { type: "object", properties: { [name]: schema }, required: [name] },
      }),
    },
    requestState: question.token,
  });
}
