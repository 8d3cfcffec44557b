/** What a validator's finding holds, whether it comes as an object or has been through JSON. */
export interface Issue {
  readonly code?: string;
  readonly message: string;
  /** What kind of value is bounded: `string`, `number`, `array`. */
  readonly origin?: string;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly values?: readonly unknown[];
  readonly expected?: string;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
};

/** What a value has to be, in this product's words instead of the validator's: `must be at least 1`. */
export function issueWords(issue: Issue): string {
  const { code, origin, minimum, maximum, values, expected } = issue;
  const isText = origin === "string";
  if (code === "too_small" && isText && minimum === 1) return "must not be empty";
  if (code === "too_small") return `must ${isText ? "have" : "be"} at least ${minimum}${unit(isText)}`;
  if (code === "too_big") return `must ${isText ? "have" : "be"} at most ${maximum}${unit(isText)}`;
  if (code === "invalid_value" && values !== undefined) {
    return `must be ${values.length > 1 ? "one of " : ""}${
      values.map((value) => JSON.stringify(value)).join(", ")
    }`;
  }
  if (code === "invalid_type" && KINDS[expected ?? ""] !== undefined && isOwnText(issue)) {
    return `must be ${KINDS[expected!]}`;
  }
  return issue.message.replace(/^Invalid input: /, "").replace("received undefined", "received nothing");
}

function unit(isText: boolean): string {
  return isText ? " characters" : "";
}

/** The validator's own sentence, not one that the schema gave. */
function isOwnText({ message }: Issue): boolean {
  return message.startsWith("Invalid input: ");
}
