import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Context,
  isSpanContextValid,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-node'
import { within } from '../within.ts'
import type { Logger } from './log.ts'
import type { Attributes, OpenSpan, Span, Traces } from './traces.ts'

type Resource = NonNullable<NonNullable<ConstructorParameters<typeof BasicTracerProvider>[0]>['resource']>

/** How long sending what is left may hold up a stop, in ms. */
const LAST_SENT = 2_000
/** So often it is said that nobody takes the traces, in ms. */
const WARN_EVERY = 60_000

/** W3C Trace Context: version, trace, parent, flags. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/**
 * Spans, sent to an OTLP/HTTP address. With a provider and a context of its own, not the process' global ones: two servers
 * may be in it, and an application that is traced itself. What the environment says beside the address (OTEL_EXPORTER_OTLP_HEADERS,
 * OTEL_TRACES_SAMPLER, OTEL_BSP_…) OpenTelemetry reads itself.
 */
export class OtlpTraces implements Traces {
  readonly #provider: BasicTracerProvider
  readonly #tracer: Tracer
  readonly #current = new AsyncLocalStorage<Context>()

  /** @param about stands with every span: which node it is of */
  constructor(endpoint: string, about: Attributes, logger: Logger) {
    const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` })
    this.#provider = new BasicTracerProvider({
      resource: resourceOf({ 'service.name': process.env.OTEL_SERVICE_NAME || 'syncline', ...about }),
      spanProcessors: [new BatchSpanProcessor(warning(exporter, logger))],
    })
    this.#tracer = this.#provider.getTracer('syncline')
  }

  span<Result>(
    name: string,
    attributes: Attributes,
    act: (span: Span) => Promise<Result>,
    parent?: string | null,
  ): Promise<Result> {
    const above = parent === null ? ROOT_CONTEXT : (remote(parent) ?? this.#above())
    return this.#within(this.#tracer.startSpan(name, { attributes }, above), above, act)
  }

  begin(name: string, attributes: Attributes): OpenSpan {
    const above = this.#above()
    const span = this.#tracer.startSpan(name, { attributes }, above)
    const context = trace.setSpan(above, span)
    let ended = false
    return {
      part: (part, act) => this.#within(this.#tracer.startSpan(part, {}, context), context, act),
      did: (part, startTime) => {
        if (!ended) this.#tracer.startSpan(part, { startTime }, context).end()
      },
      end: (error) => {
        if (ended) return
        ended = true
        if (error !== undefined) fail(span, error)
        span.end()
      },
    }
  }

  async stop(): Promise<void> {
    await within(LAST_SENT, this.#provider.shutdown())
  }

  /** Timers carry on what they were set in: what is over is above nothing any more. */
  #above(): Context {
    const context = this.#current.getStore()
    const span = context && trace.getSpan(context)
    if (context === undefined || span === undefined) return ROOT_CONTEXT
    const sampled = (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0
    return sampled && !span.isRecording() ? ROOT_CONTEXT : context
  }

  async #within<Result>(
    span: OtelSpan,
    above: Context,
    act: (span: Span) => Promise<Result>,
  ): Promise<Result> {
    const told: Span = {
      set: (attributes) => void span.setAttributes(attributes),
      rename: (name) => void span.updateName(name),
    }
    try {
      return await this.#current.run(trace.setSpan(above, span), () => act(told))
    } catch (error) {
      fail(span, error)
      throw error
    } finally {
      span.end()
    }
  }
}

/** By its code, where it is a refusal: what else an error says may be somebody's text. */
function fail(span: OtelSpan, error: unknown): void {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'internal'
  span.setStatus({ code: SpanStatusCode.ERROR, message: code })
}

function remote(traceparent: string | undefined): Context | undefined {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(traceparent ?? '') ?? []
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : undefined
}

/** @opentelemetry/resources, which makes these, only comes with what we depend on. */
function resourceOf(attributes: Attributes): Resource {
  const resource: Resource = {
    attributes,
    merge: (other) => resourceOf({ ...attributes, ...(other?.attributes as Attributes | undefined) }),
    getRawAttributes: () => Object.entries(attributes),
  }
  return resource
}

/** The exporter, which says in the log that it cannot send, once a minute. */
function warning(exporter: SpanExporter, logger: Logger): SpanExporter {
  let warned = Number.NEGATIVE_INFINITY
  return {
    shutdown: () => exporter.shutdown(),
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        done(result)
        const now = performance.now()
        if (result.error === undefined || now - warned < WARN_EVERY) return
        warned = now
        logger.warn({ err: result.error }, 'traces cannot be sent; they are dropped')
      }),
  }
}
