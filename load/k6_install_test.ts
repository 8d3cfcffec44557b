import { join } from "node:path";
import { expect } from "expect";
import { installK6 } from "./k6_install.ts";
import { archiveName, sha256Hex } from "./lib/download_k6.ts";
import { K6_VERSION } from "./lib/k6_version.ts";
import { resolveK6 } from "./resolve_k6.ts";

const SCRIPT = `#!/bin/sh\necho "k6 v${K6_VERSION} (a test, linux/amd64)"\n`;
const onLinux = Deno.build.os === "linux";

/** Serves one release: an archive with a shell script as k6, and a checksums file. */
async function withRelease(
  body: (release: { url: string; dataDir: string; checksums: { text: string } }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const inner = archiveName().replace(".tar.gz", "");
  await Deno.mkdir(join(folder, inner));
  await Deno.writeTextFile(join(folder, inner, "k6"), SCRIPT, { mode: 0o755 });
  await new Deno.Command("tar", { args: ["-czf", archiveName(), inner], cwd: folder }).output();
  const archive = await Deno.readFile(join(folder, archiveName()));
  const checksums = { text: `${await sha256Hex(archive)}  ${archiveName()}\n` };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const name = new URL(request.url).pathname.slice(1);
    if (name === archiveName()) return new Response(archive);
    if (name.endsWith("checksums.txt")) return new Response(checksums.text);
    return new Response("not here", { status: 404 });
  });
  try {
    await body({ url: `http://127.0.0.1:${server.addr.port}`, dataDir: join(folder, "data"), checksums });
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}

const install = { log: () => {}, goCommand: "go-that-is-not-there" };

Deno.test({
  name: "installK6() unpacks a release whose checksum matches, and resolveK6() then finds it",
  ignore: !onLinux,
  fn: () =>
    withRelease(async ({ url, dataDir }) => {
      const k6 = await installK6({ ...install, dataDir, releaseUrl: url });
      expect(k6).toEqual({ path: join(dataDir, "bin", "k6"), version: K6_VERSION, foundBy: "DATA_DIR" });
      const env = new Map([["DATA_DIR", dataDir], ["PATH", "/nowhere"]]);
      expect(await resolveK6(env)).toEqual(k6);
      expect([...Deno.readDirSync(join(dataDir, "bin"))].map((entry) => entry.name)).toEqual(["k6"]);
    }),
});

Deno.test({
  name: "installK6() refuses an archive whose checksum differs and says what failed",
  ignore: !onLinux,
  fn: () =>
    withRelease(async ({ url, dataDir, checksums }) => {
      const refused = installK6({ ...install, dataDir, releaseUrl: url, sha256: "0".repeat(64) });
      await expect(refused).rejects.toThrow(/expected 0{64}: not used[^]*Go is not installed[^]*set K6/);
      checksums.text = "";
      await expect(installK6({ ...install, dataDir, releaseUrl: url })).rejects.toThrow(/does not list k6-v/);
      await expect(Deno.stat(join(dataDir, "bin", "k6"))).rejects.toThrow(Deno.errors.NotFound);
    }),
});

Deno.test({
  name: "installK6() falls back to go install when the release cannot be had",
  ignore: !onLinux,
  fn: () =>
    withRelease(async ({ url, dataDir }) => {
      await Deno.mkdir(dataDir);
      const goCommand = join(dataDir, "go");
      const script = `#!/bin/sh\nprintf '%s' '${SCRIPT}' > "$GOBIN/k6"\nchmod +x "$GOBIN/k6"\n`;
      await Deno.writeTextFile(goCommand, script, { mode: 0o755 });
      const k6 = await installK6({ ...install, dataDir, releaseUrl: `${url}/missing`, goCommand });
      expect(k6.version).toBe(K6_VERSION);
    }),
});

Deno.test("resolveK6() does not pass over a K6 that does not run", async () => {
  const env = new Map([["K6", "/nowhere/k6"], ["PATH", Deno.env.get("PATH") ?? ""]]);
  await expect(resolveK6(env)).rejects.toThrow(/^K6 is "\/nowhere\/k6"/);
});

Deno.test("archiveName() spells the release's names", () => {
  expect(archiveName("linux", "aarch64")).toBe(`k6-v${K6_VERSION}-linux-arm64.tar.gz`);
  expect(archiveName("darwin", "x86_64")).toBe(`k6-v${K6_VERSION}-macos-amd64.zip`);
  expect(() => archiveName("freebsd", "x86_64")).toThrow(/no k6 release/);
});
