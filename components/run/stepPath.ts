export interface PathBox {
  readonly width: number
  readonly height: number
  readonly from: number
  readonly to: number
  readonly low: number
  readonly high: number
}

const placesIn = ({ width, height, from, to, low, high }: PathBox) => ({
  x: (at: number): string => (((at - from) / Math.max(1e-9, to - from)) * width).toFixed(1),
  y: (value: number): string => (2 + (1 - (value - low) / Math.max(1e-9, high - low)) * (height - 4)).toFixed(1),
})

/** A line of steps through points in order, held to the end of the box. */
export function stepPath(points: readonly (readonly [at: number, value: number])[], box: PathBox): string {
  const { x, y } = placesIn(box)
  const parts = points.map(([at, value], index) => (index === 0 ? `M${x(at)} ${y(value)}` : `H${x(at)}V${y(value)}`))
  return points.length === 0 ? '' : `${parts.join('')}H${x(box.to)}`
}

/** A line through measured points; what was not measured breaks it. */
export function linePath(points: readonly (readonly [at: number, value: number | null])[], box: PathBox): string {
  const { x, y } = placesIn(box)
  let isOpen = false
  return points
    .map(([at, value]) => {
      const part = value === null ? '' : `${isOpen ? 'L' : 'M'}${x(at)} ${y(value)}`
      isOpen = value !== null
      return part
    })
    .join('')
}
