/** Deeper than any call needs; parsers, validators and printers recurse, so depth is bounded before they see it. */
export const NESTING_MAX = 64;

/**
 * What makes a parsed message unfit for the tools: nesting, or a member named `__proto__`, which validators drop
 * without a word, so that the caller would believe it was taken. Null for a fit one. Does not recurse itself.
 */
export function messageFault(
  message: unknown,
): { code: "too_deep" | "forbidden_name"; message: string } | null {
  let level: unknown[] = [message];
  for (let depth = 0; level.length > 0; depth++) {
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== "object" || value === null) continue;
      if (depth >= NESTING_MAX) {
        return { code: "too_deep", message: `The message is nested more than ${NESTING_MAX} levels deep.` };
      }
      if (Object.hasOwn(value, "__proto__")) {
        return {
          code: "forbidden_name",
          message: 'The message has a member named "__proto__". Leave it out.',
        };
      }
      for (const member of Array.isArray(value) ? value : Object.values(value)) next.push(member);
    }
    level = next;
  }
  return null;
}
