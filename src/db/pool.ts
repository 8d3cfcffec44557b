import postgres from "postgres";

export type Sql = postgres.Sql;

export interface PoolOptions {
  url: string;
  /** Connections at most. */
  max: number;
  /** Set where one login serves several roles: the session then has only this role's rights. */
  role?: string;
  applicationName: string;
}

const CONNECT_TIMEOUT_S = 10;

/** A pool of connections. Notices are dropped: migrations say what they do themselves. */
export function openPool(options: PoolOptions): Sql {
  return postgres(options.url, {
    max: options.max,
    connect_timeout: CONNECT_TIMEOUT_S,
    onnotice: () => {},
    connection: {
      application_name: options.applicationName,
      ...(options.role === undefined ? {} : { role: options.role }),
    },
  });
}
