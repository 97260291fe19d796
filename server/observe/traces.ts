export type Attributes = Readonly<Record<string, string | number | boolean>>

export interface Span {
  set(attributes: Attributes): void
  rename(name: string): void
}

/** Something that begins in one place and ends in another. */
export interface OpenSpan {
  /** Does a part of it, in a span of its own. */
  part<Result>(name: string, act: () => Promise<Result>): Promise<Result>
  /** A part of it has just been done, since then (performance.now). */
  did(name: string, since: number): void
  /** Ends it, well or with an error; only once, however often it is called. */
  end(error?: unknown): void
}

/**
 * What is done, as spans for OpenTelemetry. Names are the same few whoever does it, so no room, person or text stands in
 * one; a failure is told by its code alone.
 */
export interface Traces {
  /**
   * Does it in a span, below the one in which it is called, or below another server's, or below none.
   * @param parent another server's: a W3C `traceparent`; one that cannot be read is as good as not given. Null for none
   */
  span<Result>(
    name: string,
    attributes: Attributes,
    act: (span: Span) => Promise<Result>,
    parent?: string | null,
  ): Promise<Result>
  begin(name: string, attributes: Attributes): OpenSpan
  /** Sends what is left, for a moment. */
  stop(): Promise<void>
}

const NO_SPAN: Span = { set: () => undefined, rename: () => undefined }
export const NO_OPEN_SPAN: OpenSpan = {
  part: (_, act) => act(),
  did: () => undefined,
  end: () => undefined,
}

/** Nobody wants to know: each costs a call. */
export const NO_TRACES: Traces = {
  span: (_name, _attributes, act) => act(NO_SPAN),
  begin: () => NO_OPEN_SPAN,
  stop: async () => undefined,
}
