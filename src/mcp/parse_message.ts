import { refuseDoubledMember } from "./doubled_member.ts";

/**
 * JSON as the tools take it; throws for what is none, and `DoubledMember` for what gives a member twice. A number of more digits than a JavaScript number keeps would be
 * rounded before anybody could judge it: an amount that was written so comes as its text, which the currency's rules then
 * refuse or take as it stands.
 */
export function parseMessage(text: string): unknown {
  const parsed = parse(text);
  refuseDoubledMember(text, parsed);
  return parsed;
}

function parse(text: string): unknown {
  if (!MANY_DIGITS.test(text)) return JSON.parse(text);
  return JSON.parse(
    text,
    ((key: string, value: unknown, { source }: { source?: string }) =>
      AMOUNTS.has(key) && typeof value === "number" && source !== undefined && String(value) !== source &&
        MANY_DIGITS.test(source)
        ? source
        : value) as (key: string, value: unknown) => unknown,
  );
}

const MANY_DIGITS = /[0-9.]{17}/;
const AMOUNTS: ReadonlySet<string> = new Set(["amount", "min_amount", "max_amount"]);
