import { MODEL_NAME, ORACLE_NAME } from "../../train/contender.ts";
import { SEQUENCE_MODEL_NAME } from "../../train/sequence/gru_contender.ts";
import { FlagError } from "../../../src/core/run_command.ts";

/** A model of one's own, as `--model` names it. */
export interface ModelSpec {
  /** What the scoreboard calls its row. */
  readonly name: string;
  readonly kind: "tfjs" | "onnx" | "http";
  /** A folder, a file or an address; `{fold}` in a path stands for the number of the fold. */
  readonly at: string;
}

const RESERVED = [
  "amount rule",
  "rules",
  "logistic regression",
  "boosted forest",
  SEQUENCE_MODEL_NAME,
  MODEL_NAME,
  ORACLE_NAME,
];

/** `[NAME=]KIND:PATH_OR_URL`, such as `tfjs:my/folder`, `net=onnx:my/fold-{fold}.onnx`, `http://127.0.0.1:8200`. */
export function modelSpecs(texts: readonly string[]): ModelSpec[] {
  const specs = texts.map(modelSpec);
  specs.forEach((spec, place) => {
    const { name } = spec;
    const first = specs.findIndex((other) => other.name === name);
    if (first === place && !RESERVED.includes(name)) return;
    throw new FlagError(
      first === place
        ? `--model: the scoreboard has a row "${name}" of its own. Give ${spec.at} another name: ${
          renamed(spec)
        }.`
        : `--model: ${
          specs[first].at
        } and ${spec.at} would both be called "${name}". Give one another name: ${renamed(spec)}.`,
    );
  });
  return specs;
}

/** The flag as it could be, with a name in front whether there was one or not. */
function renamed({ name, kind, at }: ModelSpec): string {
  return `--model "${`${name} 2`.replace(/[^\w .-]/g, "").slice(-40)}=${
    kind === "http" ? "" : `${kind}:`
  }${at}"`;
}

function modelSpec(text: string): ModelSpec {
  const [, given, rest] = /^(?:([\w .-]{1,40})=)?(.+)$/s.exec(text) ?? [, undefined, text];
  const url = /^(?:http:)?(https?:\/\/.+)$/.exec(rest)?.[1];
  if (url !== undefined) {
    if (!URL.canParse(url)) {
      throw new FlagError(`--model: "${url}" is no address. Give one such as http://127.0.0.1:8200.`);
    }
    return { name: given ?? new URL(url).host, kind: "http", at: url.replace(/\/+$/, "") };
  }
  const [, kind, at] = /^(tfjs|onnx):(.+)$/.exec(rest) ?? [];
  if (kind === undefined) {
    throw new FlagError(
      `--model takes tfjs:FOLDER, onnx:FILE or http://ADDRESS, with NAME= before it if you like, not "${text}".`,
    );
  }
  const lastName = at.replace(/\/+$/, "").replace(/^.*\//, "");
  return { name: given ?? lastName, kind: kind as "tfjs" | "onnx", at };
}
