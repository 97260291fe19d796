import { Text } from '@mantine/core'

/** Of an array or an object; a payload may hold thousands. */
const SHOWN = 200

/** A payload to be folded and unfolded, as text whatever is in it. */
export function PayloadTree({ value }: { readonly value: unknown }) {
  return (
    <div className="tree">
      <Branch value={value} open />
    </div>
  )
}

interface BranchProps {
  readonly name?: string | undefined
  readonly value: unknown
  readonly open?: boolean
}

function Branch({ name, value, open = false }: BranchProps) {
  const label = name === undefined ? null : <span className="tree-name">{name}</span>
  if (typeof value !== 'object' || value === null) {
    return (
      <div className="tree-leaf">
        {label}
        <span className={`tree-${value === null ? 'null' : typeof value}`}>
          {typeof value === 'string' ? JSON.stringify(value) : String(value)}
        </span>
      </div>
    )
  }
  const parts = Object.entries(value)
  const what = Array.isArray(value)
    ? `${parts.length} ${parts.length === 1 ? 'item' : 'items'}`
    : `${parts.length} ${parts.length === 1 ? 'field' : 'fields'}`
  if (parts.length === 0) {
    return (
      <div className="tree-leaf">
        {label}
        <span className="tree-null">{Array.isArray(value) ? '[]' : '{}'}</span>
      </div>
    )
  }
  return (
    <details open={open}>
      <summary>
        {label}
        <span className="tree-null">{what}</span>
      </summary>
      <div className="tree-parts">
        {parts.slice(0, SHOWN).map(([key, part]) => (
          <Branch key={key} name={key} value={part} open={parts.length <= 4} />
        ))}
        {parts.length <= SHOWN ? null : (
          <Text size="sm" c="dimmed">
            and {(parts.length - SHOWN).toLocaleString('en')} more; all are under JSON
          </Text>
        )}
      </div>
    </details>
  )
}
