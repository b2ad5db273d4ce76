/*
 * lazyMirrors: mirrors whose pictures are copied when somebody looks at them, not when they come.
 * In: mirrors, packs of pictures. Out: the same mirrors; what names a picture and its counts are there at once.
 * Invariant: whoever reads a plane or a value reads the newest picture that was taken, whole; a pack is checked before anything changes;
 * at most the newest pack of each layer is held.
 * Source: docs/architecture.md "the browser"; docs/performance.md "live page".
 */
import type { LayerMirror } from './layerMirror.ts'
import { packEntries, unpackHead, unpackPlanes, type PackEntry } from './mirrorPack.ts'

export interface LazyMirrors {
  /** Takes a pack; answers the mirrors it names. @throws CONTRACT_FRAME; then nothing was changed. */
  take(pack: ArrayBuffer): readonly LayerMirror[]
}

/** What reading asks for the picture itself. */
const PICTURE = ['state', 'cells', 'stateSeed', 'worstSeed', 'columns', 'values'] as const

interface Held {
  readonly pack: ArrayBuffer
  readonly entry: PackEntry
}

/** Makes mirrors lazy, for good. Mirrors stand at the index of their layer. */
export function makeLazy(mirrors: readonly LayerMirror[]): LazyMirrors {
  const held: (Held | null)[] = mirrors.map(() => null)
  const raw = mirrors.map((mirror) => ({
    planes: new Uint8Array(mirror.state.buffer),
    values: new Uint8Array(mirror.values.buffer),
  }))
  mirrors.forEach((mirror, layer) => {
    const { planes, values } = raw[layer]!
    for (const name of PICTURE) {
      const view = mirror[name]
      Object.defineProperty(mirror, name, {
        enumerable: true,
        configurable: true,
        get: () => {
          const newest = held[layer]
          if (newest) {
            held[layer] = null
            unpackPlanes(newest.pack, newest.entry, planes, values)
          }
          return view
        },
      })
    }
  })
  return {
    take(pack) {
      const entries = packEntries(pack, (layer) => {
        const own = raw[layer]
        return own && { planes: own.planes.byteLength, values: own.values.byteLength }
      })
      return entries.map((entry) => {
        const mirror = mirrors[entry.layer]!
        unpackHead(pack, entry, mirror)
        held[entry.layer] = { pack, entry }
        return mirror
      })
    },
  }
}
