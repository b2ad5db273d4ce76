/*
 * Picture fixture: frames of a small run and a port between two ends, for tests of pictures that cross a thread.
 * In: overrides. Out: encoded frames; two ends that are joined by a real MessageChannel.
 * Invariant: what crosses the port is cloned or transferred as between page and worker; nothing is shared.
 * Source: lib/live/pictureLink.ts.
 */
import { once } from 'node:events'
import { MessageChannel, type MessagePort, type Transferable } from 'node:worker_threads'
import { encodeViewFrame } from '../../../../lib/frames/viewFrame.ts'
import {
  createPictureHost,
  createPictureReplica,
  type PictureHost,
  type PictureNews,
  type PictureOrder,
  type PictureReplica,
} from '../../../../lib/live/pictureLink.ts'

export const ROWS = 600

/** A keyframe, or with `base` the difference to the picture of that frame; every cell holds `fill`. */
export function cellsFrame(options: { layer?: number; classId?: number; frame: number; base?: number; fill: number }) {
  const { layer = 0, classId = 1, frame, base, fill } = options
  const picture = (byte: number) => new Uint8Array(ROWS * 2).fill(byte % 11, 0, ROWS).fill(byte, ROWS)
  const header = { classId, runIndex: 0, layer, frame, step: frame * 20, tick: frame, ingestMs: 1_000 * frame }
  const shape = { serverMs: 0, rows: ROWS, columnCount: 0, binSize: 1, precision: 'cells', sourceFlags: 0 } as const
  // One cell differs from the frame before: a sparse delta.
  const next = picture(fill)
  const before = base === undefined ? null : { frame: base, picture: picture(fill) }
  if (before) next[ROWS] = fill + 1
  return encodeViewFrame({ ...header, ...shape }, next, before)
}

export interface Joined {
  readonly host: PictureHost
  readonly replica: PictureReplica
  /** Every order has been obeyed and all news of it have arrived. */
  settle(): Promise<void>
  /** How often the host had something new to draw. */
  redraws(): number
  close(): void
}

/** Joins a host and a replica over a real channel. */
export function joinPictures(inflate = (bytes: Uint8Array) => bytes): Joined {
  const { port1, port2 } = new MessageChannel()
  const post =
    <T>(port: MessagePort) =>
    (message: T, transfer: ArrayBuffer[]) =>
      port.postMessage(message, transfer as Transferable[])
  let redraws = 0
  const host = createPictureHost({ post: post<PictureNews>(port2), inflate, onChange: () => void redraws++ })
  const replica = createPictureReplica(post<PictureOrder>(port1))
  port2.on('message', (order: PictureOrder | 'echo') =>
    order === 'echo' ? port2.postMessage('echo') : host.receive(order),
  )
  const echoes = new EventTarget()
  port1.on('message', (news: PictureNews | 'echo') =>
    news === 'echo' ? void echoes.dispatchEvent(new Event('echo')) : replica.receive(news),
  )
  return {
    host,
    replica,
    async settle() {
      const heard = once(echoes, 'echo')
      port1.postMessage('echo')
      await heard
    },
    redraws: () => redraws,
    close: () => port1.close(),
  }
}
