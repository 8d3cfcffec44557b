import { startProgress } from "../../src/core/progress.ts";
import { Random } from "../../src/core/random.ts";
import { FeatureStream } from "../../src/fraud/features/feature_stream.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { STORY_NAMES } from "../fraud/story_names.ts";
import { NO_REPORT } from "../world/payment_columns.ts";
import { EventReader } from "../world/to_payment_event.ts";
import type { World } from "../world/world.ts";
import { Rows } from "./rows.ts";
import type { Split } from "./split.ts";

export interface Dataset {
  /** All labelled fraud and a sample of the rest. */
  readonly train: Rows;
  readonly validation: Rows;
  readonly test: Rows;
  readonly payments: number;
}

/**
 * Streams the world once through the feature engine: each vector is read before its payment is observed, and each
 * label is what had been reported when the model is made. What was reported later, and the truth, stay in the
 * test's columns.
 */
export function makeDataset(world: World, split: Split, genuineSampleRate: number): Dataset {
  const { config } = world;
  const cutOffMs = config.startMs + split.cutOffDay * DAY_MS;
  const chance = new Random(config.seed).fork("training sample");
  const events = new EventReader(world.society);
  const stream = new FeatureStream({ idsAreUnique: true });
  const [train, validation, test] = [new Rows(), new Rows(), new Rows()];
  const progress = startProgress("features", config.days, "days");
  let payments = 0;
  for (const { day, columns } of world.columns()) {
    const within = ([from, until]: readonly [number, number]) => day >= from && day < until;
    const rows = within(split.train)
      ? train
      : within(split.validation)
      ? validation
      : within(split.test)
      ? test
      : null;
    for (let row = 0; row < columns.length; row++) {
      const event = events.read(columns, row, day);
      const reportedAtMs = columns.labelKnownAtMs[row];
      const report = reportedAtMs === NO_REPORT
        ? null
        : { knownAtMs: reportedAtMs, fraud: columns.labelFraud[row] === 1 };
      const vector = stream.next(event, report)!;
      payments++;
      if (rows === null) continue;
      const label = columns.labelFraud[row] === 1 && reportedAtMs !== NO_REPORT && reportedAtMs <= cutOffMs;
      if (rows === train && !label && !chance.chance(genuineSampleRate)) continue;
      const story = columns.fraud[row] === 1 ? STORY_NAMES[columns.story[row] - 1] : null;
      rows.add(vector, label, story, event.amountUsd, columns.customer[row]);
    }
    progress.update(day + 1);
  }
  progress.stop();
  return { train, validation, test, payments };
}
