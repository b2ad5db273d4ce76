/* The part of gifenc 1.0.3 that is used; the package brings no types of its own. */
declare module 'gifenc/dist/gifenc.esm.js' {
  type Color = readonly [number, number, number]
  interface FrameOptions {
    readonly palette: readonly Color[]
    /** ms; kept in hundredths of a second. */
    readonly delay: number
    readonly transparent?: boolean
    readonly transparentIndex?: number
    /** 1: what was drawn stays. */
    readonly dispose?: number
    /** Of the first picture: 0 repeats for ever. */
    readonly repeat?: number
  }
  interface Encoder {
    writeFrame(index: Uint8Array, width: number, height: number, options: FrameOptions): void
    finish(): void
    bytes(): Uint8Array<ArrayBuffer>
  }
  export function GIFEncoder(): Encoder
  export function quantize(rgba: Uint8Array, colors: number, options?: { readonly format: 'rgb565' }): Color[]
  export function applyPalette(rgba: Uint8Array, palette: readonly Color[], format?: 'rgb565'): Uint8Array<ArrayBuffer>
}
