import type { Client } from "@modelcontextprotocol/client";
import { CHALLENGE_ANSWER } from "../../src/providers/test_payment_methods.ts";
import type { FutureCall } from "./future_calls.ts";
import type { LiveTally } from "./live_tally.ts";
import type { WalletCall } from "./wallet_calls.ts";

interface Answer {
  readonly isError: boolean;
  readonly status?: string;
  readonly decline?: { readonly by: string; readonly code: string } | null;
  readonly challenge?: { readonly confirm_token: string | null } | null;
  readonly error?: { readonly code: string; readonly message: string; readonly next_move: string };
}

/** A payment by card, and its customer's answer where the issuer asks. */
export async function payByCard(client: Client, call: FutureCall, tally: LiveTally): Promise<void> {
  await counted(tally, async () => {
    // Whoever pays with another's card has not the holder's phone.
    const word = call.replay ? null : call.truth_fraud ? "no idea" : CHALLENGE_ANSWER;
    const answer = await ask(client, "create_payment", call.arguments, call.simulated_at, word, tally);
    if (failed(answer, tally)) return;
    if (call.replay) tally.count("replayed");
    else tally.cardPayment(answer.status!, answer.decline?.by ?? null, call.truth_fraud);
  });
}

/** A wish of a wallet's owner: where the wallet has too little, it is filled by card first, and the wish made again. */
export async function useWallet(client: Client, call: WalletCall, tally: LiveTally): Promise<void> {
  await counted(tally, async () => {
    const wish = (again: string) =>
      ask(
        client,
        call.tool,
        { ...call.arguments, idempotency_key: call.arguments.idempotency_key + again },
        call.simulated_at,
        CHALLENGE_ANSWER,
        tally,
      );
    let answer = await wish("");
    if (lacksFunds(answer)) {
      const filled = await ask(
        client,
        "top_up_wallet",
        call.topUp,
        call.simulated_at,
        CHALLENGE_ANSWER,
        tally,
      );
      if (failed(filled, tally)) return;
      tally.count(`top-up ${filled.status}`);
      if (filled.status === "succeeded") answer = await wish("-filled");
    }
    const what = call.tool === "transfer_funds" ? "transfer" : "wallet payment";
    if (lacksFunds(answer)) return tally.count(`${what} without the money`);
    if (failed(answer, tally)) return;
    const by = answer.decline == null ? "" : ` by ${answer.decline.by}`;
    tally.count(`${what} ${answer.status}${by}`);
  });
}

async function counted(tally: LiveTally, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    tally.fail(`failed: ${(error as Error).message.slice(0, 60)}`);
  }
}

/** @param word what the card's holder, or the wallet's owner, answers to a challenge; null for nothing */
async function ask(
  client: Client,
  name: string,
  call: Readonly<Record<string, string>>,
  simulatedAt: string,
  word: string | null,
  tally: LiveTally,
): Promise<Answer> {
  const once = async (confirmed: Record<string, string>) => {
    const { isError, structuredContent } = await client.callTool({
      name,
      arguments: { ...call, ...confirmed },
      _meta: { "mcp-payments-lab/simulated-at": simulatedAt },
    });
    return { ...structuredContent as Omit<Answer, "isError">, isError: isError === true };
  };
  const answer = await once({});
  const token = answer.challenge?.confirm_token;
  if (answer.status !== "requires_action" || word === null || token == null) return answer;
  tally.count("challenged");
  return await once({ confirm_token: token, challenge_answer: word });
}

function failed({ isError, error }: Answer, tally: LiveTally): boolean {
  if (error?.code === "simulated_time_refused") tally.refuse(error);
  if (isError) tally.fail(`error: ${error?.code}`);
  return isError;
}

/** A payment without the money is declined, a transfer is an error. */
function lacksFunds({ decline, error }: Answer): boolean {
  return decline?.code === "wallet_insufficient_funds" || error?.code === "insufficient_funds";
}
