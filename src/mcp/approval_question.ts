import type { Waiting } from "./ask_person.ts";

/** The question of a tool whose answer waits as `pending_approval`: yes or no, by the same call with its token. */
export function approvalQuestion(message: (answer: Record<string, unknown>) => string): Waiting {
  return {
    tokenArgument: "approval_token",
    question: (answer) => {
      const { status, approval } = answer as {
        status: string;
        approval: { approval_token: string; expires_at: string } | null;
      };
      return status !== "pending_approval" || approval === null ? null : {
        message: `${message(answer)} Until ${approval.expires_at}.`,
        token: approval.approval_token,
        field: {
          name: "approve",
          schema: { type: "boolean", title: "Approve", description: "Whether it is to go on." },
        },
      };
    },
    answered: (token, content) => ({
      approval_token: token,
      approved: content === null ? false : content.approve ?? null,
    }),
  };
}
