import { expect } from "expect";
import { Authenticator, SCOPES, TOOL_SCOPES } from "./authenticate.ts";
import { secretKeys } from "./token_keys.ts";
import { tokenFromArgs } from "./token_command.ts";

const ENVIRONMENT: Record<string, string> = { JWT_SECRET_KEY: "0123456789abcdef0123456789abcdef" };
const NOW_MS = Date.UTC(2026, 0, 5);

Deno.test("deno task token --help names every flag and every scope, with the permissions of the task", async () => {
  const { tasks: { token: { command } } } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [...command.split(" ").slice(1), "--help"],
    cwd: new URL("../../", import.meta.url),
    clearEnv: true,
  }).output();
  for (const word of [...SCOPES, "approvals:decide", "--sub", "--tenant", "--ttl"]) {
    expect(text(stdout)).toContain(word);
  }
});

Deno.test("deno task token prints a token that the server takes", async () => {
  const cases: [string[], { principal: string; tenantId: string; scopes: Set<string> }][] = [
    [[], { principal: "local", tenantId: "default", scopes: new Set(TOOL_SCOPES) }],
    [["--sub", "agent@acme", "--tenant", "acme"], {
      principal: "agent@acme",
      tenantId: "acme",
      scopes: new Set(TOOL_SCOPES),
    }],
    [["--sub", "maria", "--scope", "approvals:decide"], {
      principal: "maria",
      tenantId: "default",
      scopes: new Set(["approvals:decide"]),
    }],
    [["--scope", "payments, wallets"], {
      principal: "local",
      tenantId: "default",
      scopes: new Set(["payments", "wallets"]),
    }],
  ];
  const authenticator = new Authenticator(secretKeys(ENVIRONMENT.JWT_SECRET_KEY), {
    jwtAudience: "mcp-payments-lab",
    jwtIssuer: null,
  });
  for (const [args, caller] of cases) {
    const token = await tokenFromArgs(args, (name) => ENVIRONMENT[name], NOW_MS);
    const request = new Request("http://localhost", { headers: { authorization: `Bearer ${token}` } });
    expect(await authenticator.authenticate(request, NOW_MS)).toEqual({ caller });
  }
});

Deno.test("deno task token gives nobody the scope to decide who did not ask for it", async () => {
  const token = await tokenFromArgs([], (name) => ENVIRONMENT[name], NOW_MS);
  const { scope } = JSON.parse(atob(token.split(".")[1])) as { scope: string };
  expect(scope).toContain("payments");
  expect(scope).not.toContain("approvals");
});

Deno.test("deno task token refuses what the server would refuse, and names the flag", async () => {
  const cases: [string[], RegExp][] = [
    [["--scope", "payments,refunds"], /^invalid_flag: --scope takes any of .+, not "refunds"/],
    [["--scope", ""], /^invalid_flag: --scope .+ names none/],
    [["--scope", "payments approvals:decide"], /^invalid_flag: --scope takes approvals:decide alone/],
    [["--tenant", "Acme"], /^invalid_flag: --tenant/],
    [["--tenant", ""], /^invalid_flag: --tenant/],
    [["--sub", "a b"], /^invalid_flag: --sub/],
    [["--sub", ""], /^invalid_flag: --sub/],
    [["--ttl", "0"], /^invalid_flag: --ttl/],
    [["--ttl", "1.5"], /^invalid_flag: --ttl/],
    [["--ttl", "forever"], /^invalid_flag: --ttl/],
    [["--colour", "red"], /--colour/],
    [["extra"], /extra/],
  ];
  for (const [args, message] of cases) {
    await expect(tokenFromArgs(args, (name) => ENVIRONMENT[name], NOW_MS)).rejects.toThrow(message);
  }
});

Deno.test("deno task token says that a server without a secret needs none", async () => {
  await expect(tokenFromArgs([], () => undefined, NOW_MS)).rejects.toThrow(
    /^invalid_setting: JWT_SECRET_KEY is not set, so there is nothing to sign with/,
  );
});

Deno.test("deno task token says that an authorization server's tokens come from there", async () => {
  const environment: Record<string, string> = { JWT_JWKS_URL: "https://id.example.com/keys" };
  await expect(tokenFromArgs([], (name) => environment[name], NOW_MS)).rejects.toThrow(
    /^invalid_setting: JWT_JWKS_URL is set/,
  );
});

Deno.test("deno task token ends with the reason and code 1, without a stack", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-env",
      import.meta.resolve("./token_command.ts"),
      "--ttl",
      "x",
    ],
    clearEnv: true,
    env: ENVIRONMENT,
  }).output();
  expect({ code, stdout: text(stdout), stderr: text(stderr) }).toEqual({
    code: 1,
    stdout: "",
    stderr: 'invalid_flag: --ttl must be 1 to 31536000 seconds, not "x".\n',
  });
});

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
