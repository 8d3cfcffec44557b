/** Deno refuses to start anything under a scoped `--allow-run` when a variable steers the dynamic loader. */
export function environmentWithoutLoader(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !/^(LD|DYLD)_/.test(name)),
  );
}
