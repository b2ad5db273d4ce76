/*
 * randomWords: sfc32 as a class whose words a hot loop may keep in registers.
 * In: seeds. Out: 32-bit words and uniform numbers.
 * Invariant: the same seeds give the same words for ever; golden values are asserted by the test.
 * Source: PractRand's sfc32; docs/performance.md "load generator".
 */
export class RandomWords {
  a: number
  b: number
  c: number
  d = 1

  constructor(seed: number, stream: number) {
    this.a = seed | 0
    this.b = stream | 0
    this.c = 0x243f6a88
    for (let round = 0; round < 15; round++) this.next()
  }

  /** A word of 32 random bits, signed. */
  next(): number {
    const word = (((this.a + this.b) | 0) + this.d) | 0
    this.d = (this.d + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + word) | 0
    return word
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return (this.next() >>> 0) / 4_294_967_296
  }
}
