/** JavaScript would also read "0x10" and "1_0" as numbers. */
export const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

const YEAR_2100_S = 4_102_444_800;
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(?: ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?$/;

/** Whether a number can be seconds since 1970: not negative, and before 2100. */
export function isInstantS(atS: number): boolean {
  return atS >= 0 && atS < YEAR_2100_S;
}

/**
 * Seconds since 1970 of a cell that holds them, or a date-time such as `2018-04-01 00:00:31`, which is UTC where it names
 * no offset. For anything else what is wrong with it and what to write instead.
 */
export function instantCell(cell: string): number | { readonly wrong: string } {
  if (DECIMAL.test(cell)) {
    const value = Number(cell);
    return isInstantS(value) ? value : { wrong: wrongNumber(value) };
  }
  const [, day, time = "00:00", offset = "Z"] = DATE_TIME.exec(cell) ?? [];
  if (day !== undefined) {
    const atMs = Date.parse(`${day}T${time}${offset === "UTC" ? "Z" : withColon(offset)}`);
    // JavaScript takes 30 February for 2 March.
    if (!Number.isNaN(atMs) && isDay(day) && isInstantS(atMs / 1000)) return atMs / 1000;
  }
  return {
    wrong: "a number is needed, seconds since 1970, or a date-time such as 2018-04-01T00:00:31Z " +
      "(UTC unless it ends in an offset; year first)",
  };
}

/** What a number would be in the units that other programs count in. */
function wrongNumber(value: number): string {
  const units = [["milliseconds", 1_000], ["microseconds", 1_000_000], [
    "nanoseconds",
    1_000_000_000,
  ]] as const;
  for (const [unit, perSecond] of units) {
    const atS = value / perSecond;
    // From 1980 on: what is less is no plausible day of payments.
    if (atS < 315_532_800 || !isInstantS(atS)) continue;
    const day = new Date(atS * 1000).toISOString().slice(0, 10);
    return `it must be seconds since 1970; in ${unit} it would be ${day}: divide the column by ${perSecond}`;
  }
  return "it must be seconds since 1970, from 0 to before 2100";
}

function withColon(offset: string): string {
  return offset.replace(/^([+-]\d{2})(\d{2})$/, "$1:$2");
}

function isDay(day: string): boolean {
  const atMs = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().slice(0, 10) === day;
}
