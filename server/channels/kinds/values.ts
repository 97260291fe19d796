import { z } from 'zod'

/** An id of the application's. */
export const id = z.string().min(1).max(128)
export const title = z.string().max(500)
export const text = z.string().max(20_000)
/** 0 to 1. */
export const share = z.number().min(0).max(1)
export const count = z.int().nonnegative()
/** In milliseconds. */
export const duration = z.number().nonnegative()
export const address = z.url({ protocol: /^https?$/ }).max(2_000)
/** What an application adds of its own: flat, so that it can be shown and searched. */
export const labels = z.record(
  z.string().min(1).max(64),
  z.union([z.string().max(500), z.number(), z.boolean(), z.null()]),
)
