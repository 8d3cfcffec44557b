import { DomainError } from "../core/errors.ts";
import type { Waiting } from "./ask_person.ts";

/** The question of a tool whose answer waits as `requires_action`: the code of the customer's bank. */
export function challengeQuestion(charged: (answer: Record<string, unknown>) => string): Waiting {
  return {
    question: (answer) => {
      const { about, expires_at, confirm_token } = (answer.challenge ?? {}) as Record<string, string | null>;
      return answer.status !== "requires_action" || !confirm_token ? null : {
        message: `${about} Amount: ${charged(answer)}. Until ${expires_at}.`,
        token: confirm_token,
        field: {
          name: "code",
          schema: {
            type: "string",
            title: "Code",
            description: "The code that the bank sent to the customer.",
            minLength: 1,
            maxLength: 40,
          },
        },
      };
    },
    // A customer who refuses fails the challenge like one who does not know the code.
    answered: (token, content) => ({
      confirm_token: token,
      challenge_answer: content === null ? "refused" : content.code ?? null,
    }),
  };
}

/** The customer's answer as the domain takes it; the two arguments come together, and a dismissed question has none. */
export function confirmationOf(
  input: { confirm_token?: string; challenge_answer?: string },
  dismissed: string | null,
): { token: string; answer: string | null } | null {
  if (dismissed !== null) return { token: dismissed, answer: null };
  const { confirm_token: token, challenge_answer: answer } = input;
  if (token === undefined && answer === undefined) return null;
  if (token !== undefined && answer !== undefined) return { token, answer };
  throw new DomainError("invalid_arguments", "confirm_token and challenge_answer come together.", {
    field: token === undefined ? "confirm_token" : "challenge_answer",
    nextMove: "Send the challenge.confirm_token of the first answer and what the customer answered.",
  });
}
