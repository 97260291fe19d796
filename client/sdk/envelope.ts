/** A stateless message that is an object; its fields are to be looked at before they are believed. */
export type Envelope = Readonly<Record<string, unknown>>

export const readEnvelope = (payload: string): Envelope | undefined => {
  try {
    const value: unknown = JSON.parse(payload)
    return typeof value === 'object' && value !== null ? (value as Envelope) : undefined
  } catch {
    // Stateless messages are anyone's; what is not an envelope is not for us.
    return undefined
  }
}
