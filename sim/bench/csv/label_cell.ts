/*
 * How files say whether a payment was fraud. What could mean both is not here: "F" is "fraud" to one and "false" to
 * another, and 1 and 2 are an order that nobody knows.
 */
const FRAUD = new Set(["1", "1.0", "true", "yes", "y", "fraud", "fraudulent"]);
const GENUINE = new Set([
  "0",
  "0.0",
  "false",
  "no",
  "n",
  "genuine",
  "legit",
  "legitimate",
  "not fraud",
  "non-fraud",
]);

/** What may stand in such a cell, for messages. */
export const LABEL_WORDS = "0 or 1 (also true and false, yes and no, fraud and genuine or legit)";

/** Whether the cell says fraud, in large or small letters; null where it says nothing that is understood. */
export function labelCell(cell: string): boolean | null {
  // The usual two without a lookup: a file has millions of them.
  if (cell === "0") return false;
  if (cell === "1") return true;
  const word = cell.toLowerCase();
  return FRAUD.has(word) ? true : GENUINE.has(word) ? false : null;
}
