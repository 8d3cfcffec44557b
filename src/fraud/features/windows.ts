/**
 * What a window means here: an e-folding time. A payment of age `a` counts `exp(-a / window)`, so a steady rate of
 * r payments an hour reads as r in the window of one hour. Nothing falls off an edge, and one number holds a
 * window where a sliding one would need every payment in it.
 */
export const WINDOW_MS = {
  "10m": 600_000,
  "1h": 3_600_000,
  "24h": 86_400_000,
  "3d": 259_200_000,
  "7d": 604_800_000,
  "14d": 1_209_600_000,
  "30d": 2_592_000_000,
  "90d": 7_776_000_000,
} as const;

export type Window = keyof typeof WINDOW_MS;

export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;

/** The factor by which a decayed sum shrinks while `elapsedMs` pass. */
export function decay(elapsedMs: number, window: Window): number {
  return Math.exp(-elapsedMs / WINDOW_MS[window]);
}
