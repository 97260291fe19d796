import { isIP } from 'node:net'
import { z } from 'zod'

/** Within bounds, which belong to it. */
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))

/** What BlockList takes: an address, or one with a prefix. */
export const networks = z.string().transform((value, context) => {
  const list = value.split(',').map((part) => part.trim())
  for (const range of list) {
    const [address = '', prefix = '0', ...rest] = range.split('/')
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    if (rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits) continue
    context.addIssue({
      code: 'custom',
      message: `"${range}" is not an address or a range such as 10.0.0.0/8`,
    })
  }
  return list
})
