import { expect } from "expect";
import { ownUrl } from "./own_url.ts";

Deno.test("ownUrl() is an address that this machine can call", () => {
  const cases: [host: string, url: string][] = [
    ["127.0.0.1", "http://127.0.0.1:8000"],
    ["localhost", "http://localhost:8000"],
    ["0.0.0.0", "http://127.0.0.1:8000"],
    ["::", "http://127.0.0.1:8000"],
    ["::1", "http://[::1]:8000"],
  ];
  for (const [host, url] of cases) expect(ownUrl({ host, port: 8000 })).toBe(url);
});
