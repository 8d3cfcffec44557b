/** Why a run could not be judged; a run that was judged and failed is a verdict and not one of these. */
export type GateErrorCode =
  | "bad_option"
  | "server_unreachable"
  | "server_not_ready"
  | "stream_missing"
  | "stream_invalid"
  | "stream_too_short"
  | "k6_missing"
  | "k6_failed";

export class GateError extends Error {
  override name = "GateError";
  constructor(readonly code: GateErrorCode, message: string) {
    super(message);
  }
}
