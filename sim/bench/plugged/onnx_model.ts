import { fileURLToPath } from "node:url";
import type { LabelledPayments } from "../../train/labelled_payments.ts";
import { type Contract, parseContract } from "./contract_file.ts";
import { writeMatrix } from "./matrix_file.ts";
import { PlugError, type PlugErrorCode } from "./plug_error.ts";
import type { PluggedModel } from "./plugged_model.ts";

const PROGRAM = fileURLToPath(new URL("./onnx/", import.meta.url));
const BROKEN_CONTRACT = 3;

/** An ONNX file, run by onnxruntime-web in a process of its own (onnx/score_onnx.ts says why). */
export class OnnxModel implements PluggedModel {
  readonly saysWhen: boolean;
  readonly trainedUntilMs: number | null;

  private constructor(readonly name: string, readonly path: string, readonly contract: Contract) {
    this.saysWhen = contract.saysWhen;
    this.trainedUntilMs = contract.trainedUntilMs;
  }

  static async open(name: string, path: string): Promise<OnnxModel> {
    try {
      const { isFile } = await Deno.stat(path);
      if (!isFile) throw new Error("it is no file");
    } catch (error) {
      throw new PlugError(
        "model_unreadable",
        name,
        `is not there, ${path}: ${(error as Error).message}`,
        "Give the path of an .onnx file.",
      );
    }
    const beside = path.replace(/\.onnx$/, "") + ".contract.json";
    let text: string | null = null;
    try {
      text = await Deno.readTextFile(beside);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return new OnnxModel(name, path, parseContract(text, name, beside));
  }

  async score(payments: LabelledPayments, rows: Uint32Array): Promise<Float64Array> {
    const folder = await Deno.makeTempDir({ prefix: "onnx-" });
    try {
      const { features } = this.contract;
      const [matrix, scores] = [`${folder}/rows.f32`, `${folder}/scores.f64`];
      await writeMatrix(matrix, payments, [rows], features);
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--quiet",
          "--no-prompt",
          "--frozen",
          `--config=${PROGRAM}deno.json`,
          "--allow-read",
          `--allow-write=${folder}`,
          `${PROGRAM}score_onnx.ts`,
          this.path,
          matrix,
          String(features.length),
          scores,
        ],
      }).output();
      if (code === BROKEN_CONTRACT) throw this.#broken(new TextDecoder().decode(stdout));
      if (code !== 0) {
        throw new PlugError(
          "model_unreadable",
          this.name,
          `made onnxruntime-web end with ${code}: ${new TextDecoder().decode(stderr).trim().split("\n")[0]}`,
          "Try the model with another ONNX runtime.",
        );
      }
      return new Float64Array((await Deno.readFile(scores)).buffer);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  #broken(output: string): PlugError {
    const { code, what, nextMove } = JSON.parse(output.trim().split("\n").at(-1)!) as {
      code: PlugErrorCode;
      what: string;
      nextMove: string;
    };
    return new PlugError(code, this.name, what, nextMove);
  }
}
