/**
 * `deno task bench:scorer [--port 8200]`: a scorer behind an address, as small as the contract allows: naive Bayes. It
 * learns from each fold's training rows how much more frequent fraud is in each tenth of each feature.
 */
import { parseFlags, wholeNumber } from "../../parse_flags.ts";
import { OperatorError, runCommand } from "../../../src/core/run_command.ts";

const FEATURES = [
  "amount_vs_customer",
  "customer_unusual_3d",
  "card_count_1h",
  "new_device_for_customer",
  "night",
];
const BINS = 10;
let rows: number[][] = [];
let labels: number[] = [];
let [edges, logOdds]: [number[][], number[][]] = [[], []];
let prior = 0;

function train(): void {
  const frauds = labels.reduce((sum, label) => sum + label, 0);
  prior = Math.log(frauds / (rows.length - frauds));
  edges = FEATURES.map((_, f) => {
    const sorted = rows.map((row) => row[f]).sort((a, b) => a - b);
    return Array.from({ length: BINS - 1 }, (_, bin) => sorted[Math.floor((bin + 1) / BINS * sorted.length)]);
  });
  logOdds = FEATURES.map((_, f) => {
    const [fraud, genuine] = [new Array(BINS).fill(1), new Array(BINS).fill(1)];
    rows.forEach((row, i) => (labels[i] ? fraud : genuine)[binOf(f, row[f])]++);
    return fraud.map((count, bin) =>
      Math.log(count / (frauds + BINS)) - logShare(genuine[bin], rows.length - frauds)
    );
  });
}

const logShare = (count: number, of: number) => Math.log(count / (of + BINS));
const binOf = (f: number, value: number) => edges[f].filter((edge) => value > edge).length;

function probability(row: number[]): number {
  return 1 / (1 + Math.exp(-row.reduce((sum, value, f) => sum + logOdds[f][binOf(f, value)], prior)));
}

/** The whole protocol. */
export async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/contract") return Response.json({ needs: ["features"], features: FEATURES, fits: true });
  const body = await request.json();
  if (pathname === "/score") return Response.json({ probabilities: body.features.map(probability) });
  if (pathname !== "/fit") return Response.json({ error: `no ${pathname} here` }, { status: 404 });
  if (body.first) [rows, labels] = [[], []];
  rows.push(...body.features);
  labels.push(...body.labels);
  if (body.last) train();
  return Response.json({});
}

function serve(port: number): Deno.HttpServer {
  try {
    return Deno.serve({ hostname: "127.0.0.1", port }, answer);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new OperatorError("port_in_use", `--port ${port} is in use by another program. Give a free one.`);
  }
}

if (import.meta.main) {
  await runCommand("bench:scorer", async (args) => {
    const { values } = parseFlags(args, { values: ["port"], switches: [] });
    const port = wholeNumber("port", values.port, 8_200, 1, 65_535);
    await serve(port).finished;
  }, 2);
}
