/** Two streams in order of time as one; at one instant the first one's comes first. */
export function* mergeByTime<
  A extends { readonly occurredAtMs: number },
  B extends { readonly occurredAtMs: number },
>(
  first: Iterable<A>,
  second: Iterable<B>,
): Iterable<A | B> {
  const [a, b] = [first[Symbol.iterator](), second[Symbol.iterator]()];
  let [nextA, nextB] = [a.next(), b.next()];
  while (!nextA.done || !nextB.done) {
    if (!nextA.done && (nextB.done || nextA.value.occurredAtMs <= nextB.value.occurredAtMs)) {
      yield nextA.value;
      nextA = a.next();
    } else if (!nextB.done) {
      yield nextB.value;
      nextB = b.next();
    }
  }
}
