import {
  type Attributes,
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";

/**
 * Spans, where Deno's own OpenTelemetry is on (`OTEL_DENO=true` when the process starts). Where it is off nothing is made:
 * work runs as if it stood there alone.
 */
const IS_ON = (globalThis as Record<symbol, { trace?: unknown } | undefined>)[
  Symbol.for("opentelemetry.js.api.1")
]?.trace !== undefined;

const tracer = trace.getTracer("mcp-payments-lab");

/** Where in a trace somebody stands: what a span of other work can point at. */
export type TracePoint = Link["context"] | undefined;

/** Notes what a span learned while it ran; nothing where tracing is off. */
export type Note = (attributes: Attributes) => void;
const noteNothing: Note = () => {};

/**
 * Runs work as a span of the caller's trace.
 *
 * @param parent a W3C traceparent to go on from; null for the trace that the caller stands in
 */
export function inSpan<Result>(
  name: string,
  attributes: Attributes,
  work: (note: Note) => Promise<Result>,
  parent: string | null = null,
): Promise<Result> {
  if (!IS_ON) return work(noteNothing);
  const from = parent === null ? context.active() : contextOf(parent) ?? context.active();
  return runSpan(tracer.startSpan(name, { attributes }, from), from, work);
}

/**
 * Runs work that several callers share as a span of its own trace, linked with the places where they wait: it is part
 * of each of their traces and belongs to none.
 */
export function inSharedSpan<Result>(
  name: string,
  sharedBy: readonly TracePoint[],
  work: () => Promise<Result>,
): Promise<Result> {
  if (!IS_ON) return work();
  const links = sharedBy.filter((point) => point !== undefined).map((point) => ({ context: point }));
  const attributes = { "batch.size": sharedBy.length };
  return runSpan(tracer.startSpan(name, { attributes, links }, ROOT_CONTEXT), ROOT_CONTEXT, work);
}

/** Where the caller stands; undefined outside any span, and where tracing is off. */
export function tracePoint(): TracePoint {
  return IS_ON ? trace.getActiveSpan()?.spanContext() : undefined;
}

async function runSpan<Result>(
  span: Span,
  from: Context,
  work: (note: Note) => Promise<Result>,
): Promise<Result> {
  try {
    return await context.with(trace.setSpan(from, span), () => work((known) => span.setAttributes(known)));
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
    throw error;
  } finally {
    span.end();
  }
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Undefined for what is no traceparent: an agent's mistake there must not fail its call. */
function contextOf(traceparent: string): Context | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (traceId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const traceFlags = parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
