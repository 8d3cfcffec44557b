import { DatabaseStartError } from "../errors.ts";

/** PostgreSQL listens here only. */
export const LISTEN_ADDRESS = "127.0.0.1";

/**
 * The TCP port of this start. A port the operator asked for is taken or refused; without one, the port of the
 * last start if it is free, or any free one.
 */
export function choosePort(asked: number | undefined, remembered: number | undefined): number {
  if (asked !== undefined) {
    if (isFree(asked)) return asked;
    throw portInUse(asked);
  }
  return remembered !== undefined && isFree(remembered) ? remembered : anyFreePort();
}

export function portInUse(port: number): DatabaseStartError {
  return new DatabaseStartError(
    "port_in_use",
    `Cannot start PostgreSQL on POSTGRES_PORT=${port}: another process listens on ${LISTEN_ADDRESS}:${port}.`,
    {
      nextMove:
        "Stop that process, set POSTGRES_PORT to another port, or leave it unset to have a free one chosen.",
    },
  );
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: LISTEN_ADDRESS, port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}

function anyFreePort(): number {
  const listener = Deno.listen({ hostname: LISTEN_ADDRESS, port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
