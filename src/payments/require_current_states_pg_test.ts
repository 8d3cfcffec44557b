import { expect } from "expect";
import { openLab } from "./testing/open_lab.ts";
import { requireCurrentStates } from "./require_current_states.ts";

Deno.test("a database whose feature states another version kept is refused in words", async () => {
  await using lab = await openLab();
  const url = lab.database.ownerUrl;
  await requireCurrentStates(url);
  await lab.pay({ idempotencyKey: "k" });
  await requireCurrentStates(url);
  await lab.owner`update feature_states set state = float8send(3) || substr(state, 9)`;
  await expect(requireCurrentStates(url)).rejects.toMatchObject({ code: "feature_states_of_other_version" });
});
