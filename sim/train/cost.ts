/*
 * What a decision costs, in US dollars. The figures are assumptions of the kind a merchant makes, not measurements; every
 * report prints them beside what it computes from them.
 */

/** A missed fraud costs its amount and the chargeback's fee. */
export const CHARGEBACK_FEE_USD = 15;
/** A genuine payment turned away costs the margin on it … */
export const MARGIN_SHARE = 0.05;
/** … and a call to the help desk, or a customer who does not come back. */
export const TURNED_AWAY_USD = 5;

export function costUsd(fraud: number, flagged: boolean, amountUsd: number): number {
  if (fraud) return flagged ? 0 : amountUsd + CHARGEBACK_FEE_USD;
  return flagged ? TURNED_AWAY_USD + MARGIN_SHARE * amountUsd : 0;
}

export const COST_ABOUT = `a missed fraud costs its amount and ${CHARGEBACK_FEE_USD} US dollars, ` +
  `a genuine payment turned away ${TURNED_AWAY_USD} and ${MARGIN_SHARE * 100}% of its amount`;
