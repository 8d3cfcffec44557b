import type { ScaledRegression } from "./make_examples.ts";

/*
 * An ONNX file is one protobuf message (onnx.proto3): fields of a number and a value, numbers as varints, everything else
 * as a length and so many bytes. A regression needs a handful of them.
 */

/** Field numbers of onnx.proto3. */
const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8 } as const;
const OPSET = { version: 2 } as const;
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4 } as const;
const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9 } as const;
const VALUE = { name: 1, type: 2 } as const;
const TYPE = {
  tensor: 1,
  elementType: 1,
  shape: 2,
  dimension: 1,
  dimensionSize: 1,
  dimensionName: 2,
} as const;
const FLOAT = 1;
const IR_VERSION = 8;
const OPSET_VERSION = 17;

/** clip((x − low) × scale, 0, 1) · weights + bias, through a sigmoid: [payments, features] to [payments, 1]. */
export function onnxOf({ low, scale, weights, bias }: ScaledRegression): Uint8Array<ArrayBuffer> {
  const width = low.length;
  const graph = [
    node("Sub", ["features", "low"], "shifted"),
    node("Mul", ["shifted", "scale"], "scaled"),
    node("Clip", ["scaled", "zero", "one"], "cut"),
    node("MatMul", ["cut", "weights"], "weighed"),
    node("Add", ["weighed", "bias"], "log_odds"),
    node("Sigmoid", ["log_odds"], "probability"),
  ].flatMap((its) => bytes(GRAPH.node, its));
  graph.push(
    ...bytes(GRAPH.name, text("logistic")),
    ...[
      tensor("low", [width], low),
      tensor("scale", [width], scale),
      tensor("zero", [], Float32Array.of(0)),
      tensor("one", [], Float32Array.of(1)),
      tensor("weights", [width, 1], weights),
      tensor("bias", [1], Float32Array.of(bias)),
    ].flatMap((its) => bytes(GRAPH.initializer, its)),
    ...bytes(GRAPH.input, value("features", width)),
    ...bytes(GRAPH.output, value("probability", 1)),
  );
  return Uint8Array.from([
    ...number(MODEL.irVersion, IR_VERSION),
    ...bytes(MODEL.producer, text("mcp-payments-lab")),
    ...bytes(MODEL.graph, graph),
    ...bytes(MODEL.opset, number(OPSET.version, OPSET_VERSION)),
  ]);
}

function node(opType: string, inputs: readonly string[], output: string): number[] {
  return [
    ...inputs.flatMap((input) => bytes(NODE.input, text(input))),
    ...bytes(NODE.output, text(output)),
    ...bytes(NODE.name, text(output)),
    ...bytes(NODE.opType, text(opType)),
  ];
}

function tensor(name: string, dims: readonly number[], values: Float32Array): number[] {
  const raw = new Uint8Array(values.length * 4);
  const view = new DataView(raw.buffer);
  values.forEach((its, i) => view.setFloat32(i * 4, its, true));
  return [
    ...dims.flatMap((dim) => number(TENSOR.dims, dim)),
    ...number(TENSOR.dataType, FLOAT),
    ...bytes(TENSOR.name, text(name)),
    ...bytes(TENSOR.rawData, raw),
  ];
}

/** A float tensor of any number of payments by `width`. */
function value(name: string, width: number): number[] {
  const shape = [
    ...bytes(TYPE.dimension, bytes(TYPE.dimensionName, text("payments"))),
    ...bytes(TYPE.dimension, number(TYPE.dimensionSize, width)),
  ];
  const type = bytes(TYPE.tensor, [...number(TYPE.elementType, FLOAT), ...bytes(TYPE.shape, shape)]);
  return [...bytes(VALUE.name, text(name)), ...bytes(VALUE.type, type)];
}

const text = (content: string) => new TextEncoder().encode(content);

function number(field: number, content: number): number[] {
  return [...varint(field << 3), ...varint(content)];
}

function bytes(field: number, content: ArrayLike<number> & Iterable<number>): number[] {
  return [...varint((field << 3) | 2), ...varint(content.length), ...content];
}

/** Seven bits a byte, the lowest first; the eighth says that more follow. */
function varint(content: number): number[] {
  const out: number[] = [];
  for (; content > 127; content = Math.floor(content / 128)) out.push((content & 127) | 128);
  return [...out, content];
}
