import { FlagError } from "../src/core/run_command.ts";

/** `--name value`, for `lists` as often as one likes, and `--name` for switches; anything else is refused by name. */
export function parseFlags<
  const Value extends string,
  const Switch extends string,
  const List extends string = never,
>(
  args: readonly string[],
  allowed: { values: readonly Value[]; switches: readonly Switch[]; lists?: readonly List[] },
): { values: Partial<Record<Value, string>>; switches: Set<Switch>; lists: Record<List, string[]> } {
  const values: Partial<Record<Value, string>> = {};
  const switches = new Set<Switch>();
  const repeated = allowed.lists ?? [];
  const lists = Object.fromEntries(repeated.map((name) => [name, []])) as unknown as Record<List, string[]>;
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = splitFlag(args[i]);
    if ((allowed.switches as readonly string[]).includes(name) && inline === undefined) {
      switches.add(name as Switch);
    } else if ([...allowed.values, ...repeated].includes(name as Value | List)) {
      const value = inline ?? args[++i];
      if (value === undefined || value === "") throw new FlagError(`--${name} needs a value.`);
      if (name in lists) lists[name as List].push(value);
      else values[name as Value] = value;
    } else {
      const known = [
        ...[...allowed.values, ...repeated].map((value) => `--${value} …`),
        ...allowed.switches.map((name) => `--${name}`),
      ];
      throw new FlagError(`Unknown argument "${args[i]}". Known: ${known.join(", ")}.`);
    }
  }
  return { values, switches, lists };
}

/** A whole number within bounds, or the fallback when the flag is absent. */
export function wholeNumber(
  name: string,
  text: string | undefined,
  fallback: number,
  low: number,
  high: number,
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= low && value <= high && text.trim() !== "") return value;
  throw new FlagError(`--${name} must be a whole number from ${low} to ${high}, not "${text}".`);
}

/** Midnight UTC of a calendar day. */
export function midnight(name: string, text: string): number {
  const atMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  if (Number.isNaN(atMs)) throw new FlagError(`--${name} must be a day such as 2026-01-05, not "${text}".`);
  return atMs;
}

function splitFlag(argument: string): [string, string | undefined] {
  if (!argument.startsWith("--")) return ["", undefined];
  const at = argument.indexOf("=");
  return at < 0 ? [argument.slice(2), undefined] : [argument.slice(2, at), argument.slice(at + 1)];
}
