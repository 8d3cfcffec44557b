import { FEATURES, isCategory } from "../../../src/fraud/features/catalogue.ts";
import { calibratedContender, type Contender, type JudgedFold } from "../../train/contender.ts";
import { OperatorError } from "../../../src/core/run_command.ts";
import type { LabelledPayments } from "../../train/labelled_payments.ts";
import type { SampledRows } from "../../train/weighted_rows.ts";
import { writeMatrix } from "../plugged/matrix_file.ts";

/**
 * A gradient-boosted forest beside the model: LightGBM through Python, because npm has no kept library that trains one
 * (sim/bench/README.md says what was tried). Optional: a run without it says so.
 */
export class Forest {
  constructor(readonly python: string) {}

  /** The Python that can import LightGBM, or why it cannot. */
  static async find(python: string): Promise<Forest | { readonly missing: string }> {
    try {
      const { success, stderr } = await new Deno.Command(python, {
        args: ["-c", "import lightgbm, numpy"],
        stdout: "null",
        stderr: "piped",
      }).output();
      if (success) return new Forest(python);
      return {
        missing: new TextDecoder().decode(stderr).trim().split("\n").at(-1) || "it fails and says nothing",
      };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return { missing: "there is no such program" };
      if (error instanceof Deno.errors.PermissionDenied) return { missing: "it may not be run" };
      throw error;
    }
  }

  /**
   * Trained on the very rows that the model is trained on, stopped by the same check; as many forests as seeds. With
   * categories and without, and what does better on the check stands: what the model looks at is none of its business.
   */
  async contender(
    name: string,
    payments: LabelledPayments,
    train: SampledRows,
    check: SampledRows,
    fold: JudgedFold,
    seeds: readonly number[],
  ): Promise<Contender> {
    const folder = await Deno.makeTempDir({ prefix: "forest-" });
    // Hundreds of megabytes, which nobody would find there.
    const removeAndEnd = () => {
      Deno.removeSync(folder, { recursive: true });
      Deno.exit(INTERRUPTED);
    };
    for (const signal of SIGNALS) Deno.addSignalListener(signal, removeAndEnd);
    try {
      await writeMatrix(`${folder}/train.f32`, payments, [train.rows], ALL);
      await Deno.writeFile(`${folder}/train_label.u8`, train.label);
      await writeMatrix(`${folder}/check.f32`, payments, [check.rows], ALL);
      await Deno.writeFile(`${folder}/check_label.u8`, check.label);
      await Deno.writeFile(`${folder}/check_weight.f32`, new Uint8Array(check.weight.buffer));
      await writeMatrix(`${folder}/score.f32`, payments, [fold.validation, fold.test], ALL);
      const settings = {
        features: FEATURES.length,
        categories: ALL.filter(isCategory),
        seeds,
        threads: navigator.hardwareConcurrency,
      };
      await Deno.writeTextFile(`${folder}/settings.json`, JSON.stringify(settings));
      const script = new URL("./lightgbm_forest.py", import.meta.url).pathname;
      const { success, code, stderr } = await new Deno.Command(this.python, {
        args: [script, folder],
        // Its threads share the cores with those that train networks: one that spins while it waits keeps them from working.
        env: { OMP_WAIT_POLICY: "PASSIVE" },
        stdout: "null",
        stderr: "piped",
      }).output();
      if (!success) {
        const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
        throw new OperatorError(
          "forest_failed",
          `${this.python} ${script} ended with ${code}${said ? `: ${said}` : ", and said nothing"}. ` +
            `Mend that Python, or give --forest off to go on without it.`,
        );
      }
      const scores = new Float64Array((await Deno.readFile(`${folder}/scores.f64`)).buffer);
      const { length } = fold.validation;
      return calibratedContender(name, payments, fold, scores.slice(0, length), scores.slice(length));
    } finally {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, removeAndEnd);
      await Deno.remove(folder, { recursive: true });
    }
  }
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** As a shell has it for a program that was interrupted. */
const INTERRUPTED = 130;
const ALL = FEATURES.map((_, f) => f);
