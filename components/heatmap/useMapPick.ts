/*
 * useMapPick: picking seeds on the map: a rectangle dragged with Shift held, or drawn by key from where the cursor stands.
 * In: presses, moves and keys that the map passes on. Out: the rectangle being drawn, seeds picked, what to say.
 * Invariant: a rectangle adds, with Alt it takes away; nothing is picked before it ends; one Escape undoes one thing: the rectangle, then
 * the choice.
 * Source: docs/ux.md "bulk", "keyboard map".
 */
'use client'
import { useEffect, useRef, useState, type PointerEvent } from 'react'
import { clearPicked, pickSeeds, readPicked, type PickHow } from '../ops/selectionStore.ts'
import { seedsIn, type CellRange } from './cellRange.ts'
import type { CellPlace, HeatmapLayout } from './heatmapLayout.ts'

/** Said by the key that begins or ends picking. */
export const PICK_EVENT = 'morphoscope:pick'

export interface MapPick {
  /** What is being drawn, by pointer or by key. */
  readonly range: CellRange | null
  readonly isByKey: boolean
  onPointerDown(event: PointerEvent, at: CellPlace | null): void
  onPointerMove(event: PointerEvent, at: CellPlace): void
  onPointerUp(event: PointerEvent): void
  onPointerCancel(): void
  /** Answers whether the key was used. `cursor`: where the map's cursor stands. */
  onKey(key: string, cursor: CellPlace): boolean
  /** The cursor moved while a rectangle is drawn by key. */
  onCursor(cursor: CellPlace): void
}

interface Sources {
  readonly layout: () => HeatmapLayout | null
  readonly layerIds: () => readonly string[]
  /** Puts the focus on the map, and the cursor where it is to begin. */
  readonly focus: () => CellPlace
  readonly say: (words: string) => void
}

const countWords = (count: number): string => `${count} ${count === 1 ? 'seed' : 'seeds'}`

export function useMapPick(sources: Sources): MapPick {
  const [range, setRange] = useState<CellRange | null>(null)
  const [isByKey, setByKey] = useState(false)
  const dragged = useRef<{ readonly id: number; readonly how: PickHow } | null>(null)
  const say = (): void => sources.say(`${countWords(readPicked().count)} picked`)
  const seedsOf = (one: CellRange) => {
    const layout = sources.layout()
    return layout === null ? [] : seedsIn(layout, sources.layerIds(), one)
  }
  const leave = (): void => {
    dragged.current = null
    setRange(null)
    setByKey(false)
  }
  const take = (one: CellRange, how: PickHow): void => {
    pickSeeds(seedsOf(one), how)
    leave()
    say()
  }
  const begin = (): void => {
    const from = sources.focus()
    setByKey(true)
    setRange({ from, to: from })
    sources.say('Picking: arrows extend, Space toggles one cell, Enter takes the rectangle, Escape leaves')
  }
  const toggleMode = (): void => {
    if (isByKey && range !== null) take(range, 'add')
    else begin()
  }
  const latest = useRef(toggleMode)
  useEffect(() => {
    latest.current = toggleMode
  })
  useEffect(() => {
    const onPick = (): void => latest.current()
    addEventListener(PICK_EVENT, onPick)
    return () => removeEventListener(PICK_EVENT, onPick)
  }, [])

  return {
    range,
    isByKey,
    onPointerDown(event, at) {
      if (!event.shiftKey || event.button !== 0 || at === null) return
      // A text selection must not grow under the rectangle.
      event.preventDefault()
      event.currentTarget.setPointerCapture(event.pointerId)
      dragged.current = { id: event.pointerId, how: event.altKey ? 'remove' : 'add' }
      setByKey(false)
      setRange({ from: at, to: at })
    },
    onPointerMove(event, at) {
      if (dragged.current?.id !== event.pointerId || range === null) return
      if (range.to.layer !== at.layer || range.to.column !== at.column) setRange({ from: range.from, to: at })
    },
    onPointerUp(event) {
      const drag = dragged.current
      if (drag?.id !== event.pointerId || range === null) return
      const isOne = range.from.layer === range.to.layer && range.from.column === range.to.column
      take(range, isOne && drag.how === 'add' ? 'toggle' : drag.how)
    },
    onPointerCancel: leave,
    onKey(key, cursor) {
      if (key === 'Escape' && range !== null) {
        leave()
        sources.say('Nothing was added')
        return true
      }
      if (key === 'Escape' && readPicked().count > 0) {
        clearPicked()
        sources.say('Nothing is picked any more')
        return true
      }
      if (!isByKey || range === null) return false
      if (key === ' ') {
        pickSeeds(seedsOf({ from: cursor, to: cursor }), 'toggle')
        say()
        return true
      }
      if (key !== 'Enter') return false
      take(range, 'add')
      return true
    },
    onCursor(cursor) {
      if (!isByKey || range === null) return
      const next = { from: range.from, to: cursor }
      setRange(next)
      const count = seedsOf(next).reduce((sum, list) => sum + list.seedIds.length, 0)
      sources.say(`${countWords(count)} in the rectangle`)
    },
  }
}
