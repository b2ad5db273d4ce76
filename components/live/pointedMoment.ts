/* The moment (and place) that is pointed at on a chart right now, for keys that ask about it; null when there is none. */
export interface PointedMoment {
  /** Server time, Unix ms. */
  readonly atMs: number
  readonly layerId: string | null
  readonly seedId: number | null
}

let pointed: PointedMoment | null = null

/** Says which moment is pointed at. */
export function setPointedMoment(moment: PointedMoment | null): void {
  pointed = moment
}

/** Tells which moment is pointed at. */
export function pointedMoment(): PointedMoment | null {
  return pointed
}
