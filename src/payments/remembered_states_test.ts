import { expect } from "expect";
import { RememberedStates, stateKey } from "./remembered_states.ts";

const CUSTOMER = { kind: "customer", id: "cust_1" } as const;
const stored = (version: string) => ({ state: new Float64Array([1]), version });

Deno.test("a state that a batch has taken is not there for another until it is put back", () => {
  const states = new RememberedStates(10);
  states.put(stateKey("a", CUSTOMER), stored("1"));
  expect(states.take(stateKey("a", CUSTOMER))?.version).toBe("1");
  expect(states.take(stateKey("a", CUSTOMER))).toBeUndefined();
  states.put(stateKey("a", CUSTOMER), stored("2"));
  expect(states.take(stateKey("a", CUSTOMER))?.version).toBe("2");
});

Deno.test("what is not there is new only when every state was read", () => {
  const states = new RememberedStates(10);
  expect(states.take(stateKey("a", CUSTOMER))).toBeUndefined();
  states.setComplete();
  expect(states.take(stateKey("a", CUSTOMER))).toBeNull();
});

Deno.test("what a failed batch took is read again, also when every state was read", () => {
  const states = new RememberedStates(10);
  states.put(stateKey("a", CUSTOMER), stored("1"));
  states.setComplete();
  states.take(stateKey("a", CUSTOMER));
  expect(states.take(stateKey("a", CUSTOMER))).toBeUndefined();
});

Deno.test("a reading that took a while does not undo what a batch has written meanwhile", () => {
  const states = new RememberedStates(10);
  states.put(stateKey("a", CUSTOMER), stored("2"));
  states.putIfUnknown(stateKey("a", CUSTOMER), stored("1"));
  expect(states.take(stateKey("a", CUSTOMER))?.version).toBe("2");
  states.putIfUnknown(stateKey("a", CUSTOMER), stored("1"));
  expect(states.take(stateKey("a", CUSTOMER))).toBeUndefined();
});

Deno.test("one tenant's entity is not another's", () => {
  const states = new RememberedStates(10);
  states.put(stateKey("a", CUSTOMER), stored("1"));
  expect(states.take(stateKey("b", CUSTOMER))).toBeUndefined();
});

Deno.test("the oldest make room, and then what is not there is no longer new", () => {
  const states = new RememberedStates(2);
  for (const id of ["1", "2", "3"]) states.put(stateKey("a", { kind: "card", id }), stored(id));
  expect(states.take(stateKey("a", { kind: "card", id: "1" }))).toBeUndefined();
  expect(states.take(stateKey("a", { kind: "card", id: "3" }))?.version).toBe("3");
  states.setComplete();
  states.put(stateKey("a", { kind: "card", id: "4" }), stored("4"));
  states.put(stateKey("a", { kind: "card", id: "5" }), stored("5"));
  expect(states.take(stateKey("a", { kind: "card", id: "2" }))).toBeUndefined();
});
