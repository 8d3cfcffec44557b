const DURATION = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/;

/** Milliseconds of a duration as k6 writes it: `"30s"`, `"1m30s"`, `"500ms"`; `"0s"` and `"0"` are zero. */
export function parseDurationMs(text: string, name: string): number {
  const match = DURATION.exec(text.trim());
  if (text.trim() === "0") return 0;
  if (!match || text.trim() === "") {
    throw new Error(`${name} is ${JSON.stringify(text)}, not a duration. Write it like 30s, 1m30s or 500ms.`);
  }
  const [, hours = "0", minutes = "0", seconds = "0", milliseconds = "0"] = match;
  return Math.round(
    Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(milliseconds),
  );
}

/** The shortest usual form: `30s`, `1.5s`, `250ms`. */
export function formatDuration(durationMs: number): string {
  return durationMs >= 1000 || durationMs === 0 ? `${durationMs / 1000}s` : `${durationMs}ms`;
}
