import { glyphOf } from './stateGlyph.ts'

/** Shows the glyph of a state byte in its family colour; the words beside it carry the meaning for screen readers. */
export function StateGlyph({ state, size = 14 }: { readonly state: number; readonly size?: number }) {
  const glyph = glyphOf(state)
  return (
    <svg className={`glyph fam-${glyph.family}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      {glyph.paths.map((path) => (
        <path key={path.d} d={path.d} className={path.stroke === 0 ? 'f' : 's'} strokeWidth={path.stroke || 0.8} />
      ))}
    </svg>
  )
}
