import { join } from "node:path";
import { K6_VERSION } from "./k6_version.ts";

export interface DownloadOptions {
  /** Where the program goes; replaced only by a verified one. */
  readonly path: string;
  readonly log: (line: string) => void;
  readonly releaseUrl?: string;
  readonly sha256?: string;
}

const RELEASE_URL = `https://github.com/grafana/k6/releases/download/v${K6_VERSION}`;

/** Long enough for the first byte from a far mirror, short enough not to hang where GitHub is walled off. */
const CONNECT_TIMEOUT_MS = 15_000;
const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;

/**
 * Downloads the official release archive, verifies it and unpacks the program.
 *
 * The SHA-256 comes from `sha256` when given, else from the checksums file published with the release. The latter
 * proves that the archive arrived whole; it does not protect against a release that was tampered with, since both
 * files lie in one place. Whoever needs that sets K6_SHA256 to a checksum learned elsewhere.
 */
export async function downloadK6(options: DownloadOptions): Promise<void> {
  const releaseUrl = options.releaseUrl ?? RELEASE_URL;
  const archive = archiveName();
  const expected = options.sha256?.toLowerCase() ?? await publishedSha256(releaseUrl, archive);
  options.log(`k6: downloading ${archive}`);
  const bytes = await download(`${releaseUrl}/${archive}`);
  const actual = await sha256Hex(bytes);
  if (actual !== expected) {
    throw new Error(`${archive} has SHA-256 ${actual}, expected ${expected}: not used`);
  }
  options.log(`k6: SHA-256 matches ${options.sha256 ? "K6_SHA256" : "the release's checksums file"}`);
  await unpack(bytes, archive, options.path);
}

/** The archive's name for this machine, as the release spells it. */
export function archiveName(
  os: typeof Deno.build.os = Deno.build.os,
  arch: typeof Deno.build.arch = Deno.build.arch,
): string {
  const cpu = arch === "aarch64" ? "arm64" : "amd64";
  if (os === "linux") return `k6-v${K6_VERSION}-linux-${cpu}.tar.gz`;
  if (os === "darwin") return `k6-v${K6_VERSION}-macos-${cpu}.zip`;
  if (os === "windows" && cpu === "amd64") return `k6-v${K6_VERSION}-windows-amd64.zip`;
  throw new Error(`there is no k6 release for ${os} on ${arch}`);
}

async function publishedSha256(releaseUrl: string, archive: string): Promise<string> {
  const name = `k6-v${K6_VERSION}-checksums.txt`;
  const text = new TextDecoder().decode(await download(`${releaseUrl}/${name}`));
  const line = text.split("\n").find((line) => line.trim().split(/\s+\*?/)[1] === archive);
  if (!line) throw new Error(`${name} does not list ${archive}`);
  return line.trim().split(/\s+/)[0].toLowerCase();
}

async function download(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const controller = new AbortController();
  let timer = setTimeout(() => controller.abort(), CONNECT_TIMEOUT_MS);
  try {
    const response = await fetch(url, { signal: controller.signal });
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(), DOWNLOAD_TIMEOUT_MS);
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`it answered ${response.status}`);
    }
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    const reason = controller.signal.aborted
      ? "it did not answer in time"
      : error instanceof Error
      ? [error.message, error.cause instanceof Error ? error.cause.message : ""].filter(Boolean).join(": ")
      : String(error);
    throw new Error(`cannot download ${url}: ${reason}`);
  } finally {
    clearTimeout(timer);
  }
}

/** `tar` reads both forms: GNU tar the .tar.gz of Linux, bsdtar of macOS and Windows the .zip as well. */
async function unpack(bytes: Uint8Array, archive: string, path: string): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: join(path, ".."), prefix: "k6-download-" });
  try {
    await Deno.writeFile(join(folder, archive), bytes);
    const { success, stderr } = await new Deno.Command("tar", {
      args: ["-xf", archive],
      cwd: folder,
      stdin: "null",
    }).output();
    if (!success) throw new Error(`cannot unpack ${archive}: ${new TextDecoder().decode(stderr).trim()}`);
    const inner = join(folder, archive.replace(/\.(tar\.gz|zip)$/, ""));
    const program = join(inner, Deno.build.os === "windows" ? "k6.exe" : "k6");
    await Deno.rename(program, path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
