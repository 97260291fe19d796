/** The mark; decorative, since the name always stands beside it or on its link. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return <img src="/mark.svg" alt="" width={size} height={size} />
}
