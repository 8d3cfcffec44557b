import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers";

/**
 * A connection whose writes of one turn of the event loop leave as one: a batch sends eight statements at the same
 * moment, and a system call for each was a ninth of the server's time (measured with 64 clients, 2 cores).
 */
export function openBatchSocket(host: string, port: number, timeoutS: number): Promise<Socket> {
  return openSocket(host, port, timeoutS, joinWrites);
}

/** For connections of a pool: as the driver would open it, but for {@link closeAtOnce}. */
export function openPoolSocket(host: string, port: number, timeoutS: number): Promise<Socket> {
  return openSocket(host, port, timeoutS, (socket) => socket);
}

function openSocket(
  host: string,
  port: number,
  timeoutS: number,
  made: (socket: Socket) => Socket,
): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true });
    const timer = setTimeout(
      () => socket.destroy(new Error(`No connection to ${host}:${port} in ${timeoutS} s`)),
      timeoutS * 1000,
    );
    socket.once("error", (error) => {
      clearTimeout(timer);
      socket.once("close", () => resolve(failLater(socket, error)));
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners();
      resolve(made(closeAtOnce(socket)));
    });
  });
}

/**
 * A socket that never connected, as the driver meets one of its own making: it fails and closes once it is listened to.
 * Rejecting instead would leave the driver waiting for ever, and every later statement with it.
 */
function failLater(socket: Socket, error: Error): Socket {
  socket.removeAllListeners();
  setImmediate(() => {
    socket.emit("error", error);
    socket.emit("close", true);
  });
  return Object.assign(socket, { write: () => true, end: () => socket, setKeepAlive: () => socket });
}

/**
 * A connection that is lost ends for the driver in one event. It would fail what it has sent when it hears of the error, and
 * nothing when the socket closes after an error: a statement sent in between would wait for ever.
 */
function closeAtOnce(socket: Socket): Socket {
  const emit = socket.emit.bind(socket) as (name: string | symbol, ...args: unknown[]) => boolean;
  return Object.assign(socket, {
    emit: (name: string | symbol, ...args: unknown[]): boolean => {
      if (name === "error") return true;
      return name === "close" ? emit("close", false) : emit(name, ...args);
    },
  });
}

function joinWrites(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (chunk: Uint8Array, done?: () => void) => boolean;
  const end = socket.end.bind(socket) as (chunk?: Uint8Array) => Socket;
  let waiting: Uint8Array[] = [];
  const flush = () => {
    const chunks = waiting;
    waiting = [];
    if (chunks.length > 0 && socket.writable) write(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  };
  return Object.assign(socket, {
    write: (chunk: Uint8Array, done?: () => void): boolean => {
      if (typeof done === "function") {
        flush();
        return write(chunk, done);
      }
      waiting.push(chunk);
      if (waiting.length === 1) setImmediate(flush);
      // Batches are bounded, so nobody needs to be held back.
      return true;
    },
    end: (chunk?: Uint8Array): Socket => {
      flush();
      return end(chunk);
    },
  });
}
