import { expect } from "expect";
import { freshDatabase } from "../db/testing/fresh_database.ts";
import { claimProviderMemory } from "./claim_provider_memory.ts";

Deno.test("one server at a time has providers of its own on a database", async () => {
  const database = await freshDatabase();
  try {
    const first = await claimProviderMemory({ url: database.ownerUrl });
    await expect(claimProviderMemory({ url: database.ownerUrl })).rejects.toThrow(/PROVIDERS_URL/);
    const waiting = claimProviderMemory({ url: database.ownerUrl });
    await first.release();
    await (await waiting).release();
  } finally {
    await database.drop();
  }
});
