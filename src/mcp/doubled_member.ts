/** JSON that gives a member twice: parsers keep one of the two without a word, and readers differ about which. */
export class DoubledMember extends Error {
  override name = "DoubledMember";
  readonly member: string;

  constructor(member: string) {
    super(
      `The message gives the member ${
        JSON.stringify(member.slice(0, 60).toWellFormed())
      } twice. Send it once.`,
    );
    this.member = member;
  }
}

/**
 * Throws {@link DoubledMember} where an object of the text names a member twice. What is parsed of the text has as many
 * members as the text has colons outside its strings, unless one was lost: only then is it looked for.
 *
 * @param parsed what the text is, parsed
 */
export function refuseDoubledMember(text: string, parsed: unknown): void {
  if (colonsOutsideStrings(text) === membersIn(parsed)) return;
  const member = findDoubled(text);
  if (member !== null) throw new DoubledMember(member);
}

function colonsOutsideStrings(text: string): number {
  let colons = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (inString) {
      if (unit === BACKSLASH) i++;
      else if (unit === QUOTE) inString = false;
    } else if (unit === QUOTE) inString = true;
    else if (unit === COLON) colons++;
  }
  return colons;
}

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const COLON = 0x3a;

/** Does not recurse: the depth of what comes over stdio is bounded only later. */
function membersIn(parsed: unknown): number {
  let members = 0;
  const open: unknown[] = [parsed];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== "object" || value === null) continue;
    const inside = Array.isArray(value) ? value : Object.values(value);
    if (!Array.isArray(value)) members += inside.length;
    for (const one of inside) if (typeof one === "object" && one !== null) open.push(one);
  }
  return members;
}

/** The first name that an object of the text has twice; the text is JSON. */
function findDoubled(text: string): string | null {
  const objects: Set<string>[] = [];
  let last = "";
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === "{" || token === "[") objects.push(new Set());
    else if (token === "}" || token === "]") objects.pop();
    else if (token === ":") {
      const name = JSON.parse(last) as string;
      const names = objects.at(-1)!;
      if (names.has(name)) return name;
      names.add(name);
    } else last = token;
  }
  return null;
}
