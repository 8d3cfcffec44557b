import { expect } from "expect";
import { GroupCommit, GroupCommitFull } from "./group_commit.ts";

/** A batch runner that waits to be told to go on, and remembers what it was given. */
class Gate {
  readonly batches: number[][] = [];
  #open: (() => void)[] = [];
  run = async (items: readonly number[]): Promise<string[]> => {
    this.batches.push([...items]);
    await new Promise<void>((resolve) => this.#open.push(resolve));
    return items.map((item) => `done ${item}`);
  };
  /** Lets the oldest batch end; waits for one to begin if need be. */
  async release(): Promise<void> {
    while (this.#open.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    this.#open.shift()!();
  }
}

const limits = { name: "test", lanes: 1, maxBatch: 100, maxQueue: 100 };

Deno.test("callers of one turn share a batch, and who comes while it runs shares the next", async () => {
  const gate = new Gate();
  const group = new GroupCommit<number, string>({ ...limits, run: gate.run });
  const first = [1, 2, 3].map((item) => group.submit(item));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = [4, 5].map((item) => group.submit(item));
  expect(group.queued).toBe(2);
  await gate.release();
  expect(await Promise.all(first)).toEqual(["done 1", "done 2", "done 3"]);
  await gate.release();
  expect(await Promise.all(second)).toEqual(["done 4", "done 5"]);
  expect(gate.batches).toEqual([[1, 2, 3], [4, 5]]);
  expect(group.queued).toBe(0);
});

Deno.test("a batch is at most maxBatch, in the order of arrival, and each lane runs one at a time", async () => {
  const gate = new Gate();
  const lanesSeen: number[] = [];
  const group = new GroupCommit<number, string>({
    ...limits,
    lanes: 2,
    maxBatch: 3,
    run: (items, lane) => (lanesSeen.push(lane), gate.run(items)),
  });
  const all = Promise.all(Array.from({ length: 8 }, (_, item) => group.submit(item)));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(gate.batches).toEqual([[0, 1, 2], [3, 4, 5]]);
  expect(new Set(lanesSeen).size).toBe(2);
  for (let i = 0; i < 3; i++) await gate.release();
  expect(await all).toEqual(Array.from({ length: 8 }, (_, item) => `done ${item}`));
  expect(gate.batches[2]).toEqual([6, 7]);
});

Deno.test("a failed batch is run again one by one: only the item at fault fails", async () => {
  const sizes: number[] = [];
  const group = new GroupCommit<number, string>({
    ...limits,
    run: (items) => {
      sizes.push(items.length);
      if (items.includes(2)) return Promise.reject(new Error("two is not allowed"));
      return Promise.resolve(items.map((item) => `done ${item}`));
    },
  });
  const outcomes = await Promise.allSettled([1, 2, 3].map((item) => group.submit(item)));
  expect(outcomes.map((outcome) => outcome.status === "fulfilled" ? outcome.value : String(outcome.reason)))
    .toEqual(["done 1", "Error: two is not allowed", "done 3"]);
  expect(sizes).toEqual([3, 1, 1, 1]);
  expect(await group.submit(4)).toBe("done 4");
});

Deno.test("a runner that throws at once fails its batch and not the group", async () => {
  let calls = 0;
  const group = new GroupCommit<number, string>({
    ...limits,
    run: () => {
      if (++calls === 1) throw new Error("thrown, not rejected");
      return Promise.resolve(["done"]);
    },
  });
  await expect(group.submit(1)).rejects.toThrow("thrown, not rejected");
  expect(await group.submit(2)).toBe("done");
});

Deno.test("beyond maxQueue a caller is refused at once; what waits is served, and then there is room again", async () => {
  const gate = new Gate();
  const group = new GroupCommit<number, string>({ ...limits, maxQueue: 2, run: gate.run });
  const running = group.submit(0);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const waiting = [group.submit(1), group.submit(2)];
  await expect(group.submit(3)).rejects.toThrow(GroupCommitFull);
  await gate.release();
  await running;
  await gate.release();
  expect(await Promise.all(waiting)).toEqual(["done 1", "done 2"]);
  const later = group.submit(4);
  await gate.release();
  expect(await later).toBe("done 4");
});
