import { DomainError } from "../core/errors.ts";
import { TOOL_BY_NAME, TOOLS } from "./catalog.ts";
import type { Caller, Tool, ToolListing } from "./define_tool.ts";

/** The tools that a caller may call, in the order of the listing. */
export function allowedTools({ scopes }: Pick<Caller, "scopes">): readonly Tool[] {
  return TOOLS.filter(({ scope }) => scopes.has(scope));
}

/** What tools/list answers a caller: a tool that it may not call is none of its business. */
export function listTools(caller: Pick<Caller, "scopes">): { tools: ToolListing[] } {
  return { tools: allowedTools(caller).map(({ listing }) => ({ ...listing })) };
}

/** The tool that a message calls although its caller's scopes do not allow it; null for every other message. */
export function toolOutsideScopes(message: unknown, { scopes }: Pick<Caller, "scopes">): Tool | null {
  const { method, params } = (message ?? {}) as { method?: unknown; params?: { name?: unknown } | null };
  if (method !== "tools/call" || typeof params?.name !== "string") return null;
  const tool = TOOL_BY_NAME.get(params.name);
  return tool === undefined || scopes.has(tool.scope) ? null : tool;
}

export function forbiddenError({ name, scope }: Pick<Tool, "name" | "scope">): DomainError {
  return new DomainError("forbidden", `The token's scopes do not allow ${name}.`, {
    nextMove: `Ask for a token with the scope "${scope}".`,
  });
}
