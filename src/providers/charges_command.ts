/**
 * `deno task charges`: the simulated providers' own memory as JSON lines, one for each key: provider, key, charge
 * id, amount in minor units, currency, state, what was refunded. Reads the file beside a running server.
 */
import { chargeLine } from "./charge_line.ts";
import { ChargeLog, chargeLogPath } from "./charge_log.ts";
import { OperatorError, refuseArguments, runCommand } from "../core/run_command.ts";

async function printCharges(args: readonly string[]): Promise<void> {
  refuseArguments(args);
  const path = chargeLogPath(Deno.env.get("DATA_DIR") || ".data");
  try {
    await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new OperatorError(
      "no_charges",
      `No provider has charged anything yet: there is no ${path}. Set DATA_DIR to the server's folder.`,
    );
  }
  const log = new ChargeLog(path);
  const encoder = new TextEncoder();
  let text = "";
  for (const record of log.all()) {
    text += chargeLine(record) + "\n";
    if (text.length > 65_536) {
      Deno.stdout.writeSync(encoder.encode(text));
      text = "";
    }
  }
  Deno.stdout.writeSync(encoder.encode(text));
  log.close();
}

if (import.meta.main) await runCommand("charges", printCharges);
