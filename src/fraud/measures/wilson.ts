/** Wilson's 95% interval of a share: sane for few and for no hits. */
export function wilson95(hits: number, of: number): readonly [number, number] {
  if (of === 0) return [0, 1];
  const z = 1.96;
  const share = hits / of;
  const centre = (share + z * z / (2 * of)) / (1 + z * z / of);
  const half = z / (1 + z * z / of) * Math.sqrt(share * (1 - share) / of + z * z / (4 * of * of));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
