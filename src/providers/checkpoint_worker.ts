/** The thread of {@link import("./checkpoints_apart.ts").CheckpointsApart}: each message is the path of a database. */
import { DatabaseSync } from "node:sqlite";

/** Who writes meanwhile leaves a rest, which the next pass takes; only a log without a rest begins anew. */
const PASSES_MAX = 20;

interface WorkerScope {
  onmessage: (event: MessageEvent<string>) => void;
  postMessage(message: "done"): void;
}

const scope = self as unknown as WorkerScope;

scope.onmessage = ({ data: path }) => {
  const database = new DatabaseSync(path);
  try {
    database.exec("pragma busy_timeout = 5000");
    for (let pass = 0; pass < PASSES_MAX; pass++) {
      const { log, checkpointed } = database.prepare("pragma wal_checkpoint(passive)").get() as unknown as {
        log: number;
        checkpointed: number;
      };
      if (log === checkpointed) break;
    }
  } finally {
    database.close();
  }
  scope.postMessage("done");
};
