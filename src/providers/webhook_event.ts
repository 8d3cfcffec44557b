import { hash32 } from "../core/random.ts";

/** What happened to a charge, as a provider tells it: a hint, never the books' source. */
export interface ChargeEvent {
  readonly provider: string;
  readonly key: string;
  readonly type:
    | "charge.approved"
    | "charge.declined"
    | "charge.refused"
    | "charge.voided"
    | "charge.requires_action"
    | "charge.disputed";
  readonly chargeId: string | null;
}

/** The event's own id: the same however often it is delivered. */
export function eventIdOf({ provider, key, type }: ChargeEvent): string {
  const hex = (label: string) => hash32(`${label}/${type}/${key}`).toString(16).padStart(8, "0");
  return `evt_${provider.slice(0, 2)}${hex("a")}${hex("b")}${hex("c")}`;
}
