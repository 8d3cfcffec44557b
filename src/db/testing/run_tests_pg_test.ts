import { expect } from "expect";
import { runWithDatabase } from "./run_tests.ts";

Deno.test("runWithDatabase() passes the command's exit code on and gives it a database", async () => {
  const script = 'case "$TEST_DATABASE_URL $TEST_APP_URL" in *_owner:*_app:*) exit 7;; esac';
  expect(await runWithDatabase(["sh", "-c", script])).toBe(7);
});
