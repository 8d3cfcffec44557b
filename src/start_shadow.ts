import { errorFields, type Log } from "./core/log.ts";
import type { Metrics } from "./http/metrics.ts";
import type { LoadedModel } from "./load_fraud_model.ts";
import type { PaymentStack } from "./payment_stack.ts";
import { ShadowRounds, ShadowScorer } from "./payments/shadow/shadow_scorer.ts";

const SHADOW_INTERVAL_MS = 2_000;

/** Lets a challenger score what the champion has decided. Null where there is no challenger, or it is the champion by now. */
export function startShadow(
  champion: LoadedModel,
  challenger: LoadedModel | null,
  stack: PaymentStack,
  metrics: Metrics,
  log: Log,
): ShadowRounds | null {
  if (challenger === null) return null;
  const { modelVersion: version, directory } = challenger;
  if (version === champion.modelVersion) {
    log.warn("challenger_is_champion", { version, nextMove: "Unset CHALLENGER_MODEL_DIR." });
    return null;
  }
  const scorer = new ShadowScorer(stack.payments, challenger, metrics.shadow);
  metrics.gauge(
    "fraud_shadow_behind_seconds",
    "How old a stored payment may be that the challenger has not scored yet",
    () => scorer.behindMs / 1000,
  );
  const rounds = new ShadowRounds(
    scorer,
    SHADOW_INTERVAL_MS,
    (error) => log.error("shadow_failed", errorFields(error)),
  );
  rounds.start();
  log.info("challenger", { version, directory });
  return rounds;
}
