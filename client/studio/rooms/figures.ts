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

const exact = new Intl.NumberFormat('en', { maximumSignificantDigits: 15 })

/** To the last byte: “4 GB”, “4.123456789 GB”. */
export function exactBytes(count: number): string {
  const unit = Math.min(Math.max(0, Math.floor(Math.log10(Math.abs(count) || 1) / 3)), UNITS.length - 1)
  return `${exact.format(count / 1000 ** unit)} ${UNITS[unit] ?? ''}`
}

export const count = (value: number): string => value.toLocaleString('en')
