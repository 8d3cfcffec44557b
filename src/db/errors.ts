import { OperatorError } from "../core/run_command.ts";

/** Why the database could not be made ready. A code is stable: scripts and tests branch on it. */
export type DatabaseStartCode =
  | "data_directory_in_use"
  | "data_directory_unusable"
  | "port_in_use"
  | "platform_unsupported"
  | "binaries_missing"
  | "cluster_of_other_version"
  | "cluster_of_other_user"
  | "cluster_missing"
  | "passwords_missing"
  | "initialisation_failed"
  | "start_failed"
  | "not_running"
  | "migration_changed"
  | "migration_failed"
  | "migrations_invalid"
  | "schema_newer_than_program"
  | "privilege_missing"
  | "database_unreachable"
  | "database_missing"
  | "feature_states_of_other_version";

/**
 * The database cannot be made ready, and a person must do something about it. The message says what failed, on
 * which folder, port or version, after the code; `nextMove`, its end, says what to do.
 */
export class DatabaseStartError extends OperatorError {
  override name = "DatabaseStartError";
  /** What the person should do next. */
  readonly nextMove: string;

  constructor(
    override readonly code: DatabaseStartCode,
    message: string,
    options: { nextMove: string; cause?: unknown },
  ) {
    super(code, `${message} ${options.nextMove}`, { cause: options.cause });
    this.nextMove = options.nextMove;
  }
}
