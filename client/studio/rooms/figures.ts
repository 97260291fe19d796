const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** In powers of ten, three digits: “12.3 kB”. */
export function bytes(count: number): string {
  let value = count
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`
}

export const count = (value: number): string => value.toLocaleString('en')
