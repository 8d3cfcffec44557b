import { DomainError } from "./errors.ts";

/** Where a card's number may begin and end: digits that no other digit touches, in groups or not. */
const CANDIDATE = /(?<!\d)[2-6](?:[ -]?\d){12,18}(?!\d)/g;

/**
 * Refuses a text that holds a whole card number: 13 to 19 digits that begin as the card networks' do (2 to 6) and pass
 * their check digit (Luhn). What is stored of a payment is read by many; a number belongs at the card's issuer.
 *
 * @param field the argument
 */
export function refuseCardNumber(field: string, text: string | null | undefined): void {
  if (text == null || !holdsCardNumber(text)) return;
  // The value itself is not shown again.
  throw new DomainError(
    "card_number_in_text",
    `The argument ${field} holds a full card number; nothing was stored.`,
    {
      field,
      nextMove: "Leave the number out, or keep its last four digits, and name the card by payment_method_id.",
    },
  );
}

function holdsCardNumber(text: string): boolean {
  return (text.match(CANDIDATE) ?? []).some((candidate) => passesLuhn(candidate.replace(/[ -]/g, "")));
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? 2 * digit : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
