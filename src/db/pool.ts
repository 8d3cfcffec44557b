import postgres from "postgres";
import { openBatchSocket, openPoolSocket } from "./batch_socket.ts";

export type Sql = postgres.Sql;

export interface PoolOptions {
  url: string;
  /** Connections at most. */
  max: number;
  /** Set where one login serves several roles: the session then has only this role's rights. */
  role?: string;
  applicationName: string;
  /** Called when a connection has ended; the driver opens another one when it needs it. */
  onClose?: () => void;
  /** For connections that send many statements at once, the same ones again and again. */
  forBatches?: boolean;
}

const CONNECT_TIMEOUT_S = 10;

/** A pool of connections. Notices are dropped: migrations say what they do themselves. */
export function openPool(options: PoolOptions): Sql {
  return postgres(options.url, {
    max: options.max,
    connect_timeout: CONNECT_TIMEOUT_S,
    onnotice: () => {},
    ...(options.onClose === undefined ? {} : { onclose: options.onClose }),
    ...(isSingleTcpHost(options.url)
      ? {
        socket: ({ host, port }: TcpAddresses) =>
          (options.forBatches ? openBatchSocket : openPoolSocket)(host[0], port[0], CONNECT_TIMEOUT_S),
      }
      : {}),
    connection: {
      application_name: options.applicationName,
      ...(options.role === undefined ? {} : { role: options.role }),
      ...(options.forBatches ? BATCH_PLANNING : {}),
    },
  });
}

/**
 * A batch's statements take whole columns as arrays and find rows by their keys. Planning each anew took a tenth of a
 * batch's time; and a plan made while a table was small or not yet analysed read it whole, which made the first minute
 * after a bulk load three times slower.
 */
const BATCH_PLANNING = {
  plan_cache_mode: "force_generic_plan",
  enable_seqscan: "off",
  // Else a wallet's latest forty transfers are found by reading all it ever made.
  enable_bitmapscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  // A worker takes ten milliseconds to start, a look-up by key far less than one.
  max_parallel_workers_per_gather: "0",
};

/** What the driver has made of the URL when it asks for a socket. */
interface TcpAddresses {
  host: string[];
  port: number[];
}

/** False for several hosts and for Unix sockets: those keep the driver's own way to connect. */
function isSingleTcpHost(url: string): boolean {
  return URL.canParse(url) && /^[^,/%]+$/.test(new URL(url).hostname);
}
