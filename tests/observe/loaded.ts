import { registerHooks } from 'node:module'

/** To be loaded before a server: says which parts of OpenTelemetry it loads that make or send traces. */
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    if (/@opentelemetry\/(sdk|exporter|otlp)/.test(resolved.url))
      process.stdout.write(`${JSON.stringify({ loaded: specifier })}\n`)
    return resolved
  },
})
