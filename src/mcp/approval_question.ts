import { z } from "zod";
import type { WaitingApproval } from "../core/approval_ways.ts";
import { DomainError } from "../core/errors.ts";
import type { Waiting } from "./ask_person.ts";
import { expiresAt } from "./times.ts";

/** The question of a tool whose answer waits as `pending_approval`: yes or no, by the same call with its token. */
export function approvalQuestion(message: (answer: Record<string, unknown>) => string): Waiting {
  return {
    question: (answer) => {
      const { status, approval } = answer as { status: string; approval: WaitingApproval | null };
      // Without a token the client's user is not the one who decides.
      if (status !== "pending_approval" || !approval?.approval_token) return null;
      const orThere = approval.approval_page === null ? "" : ` Or decide it at ${approval.approval_page}.`;
      return {
        message: `${message(answer)} Until ${approval.expires_at}.${orThere}`,
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

/** A person's word as the tools take it. A no without its token would be taken for a first call, and move the money; a dismissed question leaves it open (null). */
export function approvalGiven(
  { approval_token: token, approved }: { approval_token?: string; approved?: boolean },
  dismissed: string | null,
): { approvalToken: string | null; approved: boolean | null } {
  if (dismissed !== null) return { approvalToken: dismissed, approved: null };
  if (token === undefined && approved !== undefined) {
    throw new DomainError("invalid_arguments", "approved is given without approval_token.", {
      field: "approval_token",
      nextMove: "Add the approval_token of the pending_approval answer, or leave approved out to begin anew.",
    });
  }
  return { approvalToken: token ?? null, approved: approved ?? true };
}

/** How the tools answer what waits for a person. */
export const approvalOutput = z.object({
  approval_token: z.string().nullable().describe(
    "For the same call again; null where only the page decides.",
  ),
  approval_page: z.string().nullable().describe(
    "Where a person decides it; null where the server has no such page.",
  ),
  expires_at: expiresAt,
}).nullable();
