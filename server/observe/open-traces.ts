import type { Logger } from './log.ts'
import { type Attributes, NO_TRACES, type Traces } from './traces.ts'

/** Traces for whoever listens at an OTLP/HTTP address; what makes them is loaded only where there is one. */
export async function openTraces(
  endpoint: string | undefined,
  about: Attributes,
  logger: Logger,
): Promise<Traces> {
  if (endpoint === undefined) return NO_TRACES
  const { OtlpTraces } = await import('./otlp.ts')
  return new OtlpTraces(endpoint, about, logger)
}
