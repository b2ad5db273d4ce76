/*
 * Picture keeper: turns arriving frames into the newest pictures; runs in the page's worker, or in the page where it has none.
 * In: messages of frames, the class of the view. Out: a picture book; which layers changed; exact counts of what was lost.
 * Invariant: frames of another class never reach these pictures; a frame that can not be applied keeps the old picture and counts.
 * Source: docs/architecture.md "frame stream".
 */
import { splitFrames } from '../frames/frameBatch.ts'
import { applyViewFrame, type LayerMirror } from '../frames/layerMirror.ts'
import { decodeViewFrame, type Inflate } from '../frames/viewFrame.ts'
import { createPictureBook, type PictureBook } from './pictureBook.ts'

const WAITING_FRAMES = 128

export interface PictureKeeper {
  readonly book: PictureBook
  /** Frames that could not be applied or were malformed. */
  readonly lost: number
  readonly applied: number
  /** Frames applied since the pictures were frozen. */
  readonly waiting: number
  freeze(on: boolean): void
  /** Null while the answer to a new view is open: frames are held. Answers the layers that held frames changed. */
  setClass(classId: number | null): readonly LayerMirror[]
  /** The frames of one message; a malformed one is counted and gives none. */
  split(message: Uint8Array): readonly Uint8Array[]
  /** Applies one frame; answers the picture it changed, null when it changed none. */
  apply(frame: Uint8Array): LayerMirror | null
}

/** Creates a keeper without pictures. `inflate` unpacks compressed bodies. */
export function createPictureKeeper(inflate: Inflate): PictureKeeper {
  const book = createPictureBook()
  let viewClass: number | null = null
  let held: Uint8Array[] = []
  let [lost, applied, waiting] = [0, 0, 0]
  let frozen = false

  const applyNow = (bytes: Uint8Array): LayerMirror | null => {
    try {
      const frame = decodeViewFrame(bytes, inflate)
      const mirror = book.live()[frame.layer]
      if (frame.classId !== viewClass || !mirror) return null
      if (applyViewFrame(mirror, frame) === 'gap') {
        lost++
        return null
      }
      applied++
      if (frozen) waiting++
      book.note(mirror)
      return mirror
    } catch {
      // Malformed bytes keep the old picture, whose age then grows: counted, and healed by the next keyframe.
      lost++
      return null
    }
  }

  return {
    book,
    get lost() {
      return lost
    },
    get applied() {
      return applied
    },
    get waiting() {
      return waiting
    },
    freeze(on) {
      frozen = on
      waiting = 0
      book.freeze(on)
    },
    setClass(classId) {
      viewClass = classId
      const frames = held
      held = []
      if (classId === null) return []
      const changed = frames.map(applyNow).filter((mirror) => mirror !== null)
      return [...new Set(changed)]
    },
    split(message) {
      try {
        return splitFrames(message)
      } catch {
        lost++
        return []
      }
    },
    apply(frame) {
      if (viewClass !== null) return applyNow(frame)
      // The answer to `view` may be overtaken by the first keyframe.
      if (held.length < WAITING_FRAMES) held.push(frame.slice())
      return null
    },
  }
}
