import { hash32 } from "../core/random.ts";

/** A provider's own ids: like its own numbering, and the same in a repeated simulation. */
export function chargeIdOf(provider: string, key: string): string {
  return idOf("ch", provider, key);
}

export function refundIdOf(provider: string, key: string): string {
  return idOf("re", provider, key);
}

export function challengeIdOf(provider: string, key: string): string {
  return idOf("chl", provider, key);
}

function idOf(prefix: string, provider: string, key: string): string {
  const hex = (label: string) => hash32(`${label}/${provider}/${key}`).toString(16).padStart(8, "0");
  return `${prefix}_${provider.slice(0, 2)}${hex("a")}${hex("b")}${hex("c")}`;
}
