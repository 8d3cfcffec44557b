export type LogLevel = "debug" | "info" | "warn" | "error";

export interface Log {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** One JSON object a line on stderr; stdout belongs to results and, under `--stdio`, to the protocol. */
export function createLog(level: LogLevel, nowMs: () => number): Log {
  const encoder = new TextEncoder();
  const write = (at: LogLevel) => (event: string, fields?: Readonly<Record<string, unknown>>) => {
    if (ORDER.indexOf(at) < ORDER.indexOf(level)) return;
    const line = JSON.stringify({ at: new Date(nowMs()).toISOString(), level: at, event, ...fields });
    Deno.stderr.writeSync(encoder.encode(line + "\n"));
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/** An error as a log shows it: its stack, and the database's own code where there is one. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const code = (error as { code?: unknown }).code;
  return { error: error.message, stack: error.stack, ...(code === undefined ? {} : { code }) };
}
