/*
 * Network: the host (dense ReLU layers, softmax head) whose hidden layers are cut into chunks that may carry a module.
 * In: a batch and one alpha per chunk. Out: logits, loss, gradients of host and modules.
 * Invariant: h = (1 - alpha) host + alpha module; a module with a non-finite output is left out of that very pass and reported.
 * Source: docs/training.md "network"; seed-design.md 3.
 */
import { Parameter, createWeights } from './adam.ts'
import { allFinite, dense, denseGradInput, denseGradWeights, reluInto, reluMask } from './kernels.ts'
import { createRng } from './rng.ts'
import type { ModulePlace, SeedModule } from './seedModule.ts'

export interface NetworkShape {
  readonly inputs: number
  readonly width: number
  readonly layers: number
  readonly seedsPerLayer: number
  readonly classes: number
  readonly maxRows: number
}

/** Told after the backward pass of one layer: dH is the gradient of the blended output, dZ the one behind the ReLU. */
export type LayerGradientListener = (
  layer: number,
  activations: Float32Array,
  dH: Float32Array,
  dZ: Float32Array,
) => void

export interface BackwardOptions {
  /** Accumulate gradients of host parameters. */
  readonly host: boolean
  /** Lowest layer whose gradients are wanted. */
  readonly stopLayer: number
  /** One per chunk: 1 = accumulate the module's parameter gradients. */
  readonly learn: Uint8Array
  readonly onLayer: LayerGradientListener | null
}

/** A class because its buffers are the hot data of the whole run. */
export class Network {
  readonly shape: NetworkShape
  readonly chunkUnits: number
  readonly chunks: number
  /** W and b of every hidden layer, then of the head. */
  readonly parameters: readonly Parameter[]
  readonly parameterCount: number
  readonly modules: (SeedModule | null)[]
  /** Rectified host activations and blended outputs per layer, [rows][width]. */
  readonly activations: readonly Float32Array[]
  readonly blended: readonly Float32Array[]
  readonly logits: Float32Array
  /** Chunk whose module gave a non-finite output in the last forward pass; -1 = none. */
  nonFiniteChunk = -1
  steps = 0
  /** Microseconds spent in each module since the caller last cleared them; filled only while `timing`. */
  readonly computeUs: Float64Array
  timing = false
  private readonly nowUs: (() => number) | null
  /** Alpha really used per chunk in the last forward pass; 0 where there is no module or it was left out. */
  private readonly used: Float64Array
  private readonly dBlended: readonly Float32Array[]
  private readonly dActivations: Float32Array
  private readonly dInput: Float32Array
  private readonly dLogits: Float32Array
  private lossSum = 0
  private correct = 0

  constructor(shape: NetworkShape, seed: number, nowUs: (() => number) | null = null) {
    this.nowUs = nowUs
    this.computeUs = new Float64Array(shape.layers * shape.seedsPerLayer)
    const rng = createRng(seed)
    const { inputs, width, layers, classes, maxRows } = shape
    this.shape = shape
    this.chunkUnits = width / shape.seedsPerLayer
    this.chunks = layers * shape.seedsPerLayer
    const parameters: Parameter[] = []
    for (let l = 0; l < layers; l++) {
      parameters.push(createWeights(rng, l === 0 ? inputs : width, width), new Parameter(width))
    }
    parameters.push(createWeights(rng, width, classes, Math.sqrt(1 / width)), new Parameter(classes))
    this.parameters = parameters
    this.parameterCount = parameters.reduce((sum, parameter) => sum + parameter.w.length, 0)
    this.modules = Array.from({ length: this.chunks }, () => null)
    const perLayer = () => Array.from({ length: layers }, () => new Float32Array(maxRows * width))
    this.activations = perLayer()
    this.blended = perLayer()
    this.dBlended = perLayer()
    this.logits = new Float32Array(maxRows * classes)
    this.dLogits = new Float32Array(maxRows * classes)
    this.dActivations = new Float32Array(maxRows * width)
    this.dInput = new Float32Array(maxRows * width)
    this.used = new Float64Array(this.chunks)
  }

  /** Sizes a module needs at this layer. */
  place(layer: number): ModulePlace {
    const { width, inputs, maxRows } = this.shape
    return {
      chunkUnits: this.chunkUnits,
      layerUnits: width,
      layerInputs: layer === 0 ? inputs : width,
      maxRows,
    }
  }

  /** Computes logits for `rows` rows of x with one alpha per chunk. */
  forward(x: Float32Array, rows: number, alphas: Float64Array): void {
    const { inputs, width, layers, seedsPerLayer, classes } = this.shape
    this.nonFiniteChunk = -1
    let source = x
    let sourceUnits = inputs
    for (let l = 0; l < layers; l++) {
      const activations = this.activations[l]!
      const blended = this.blended[l]!
      const w = this.parameters[2 * l]!.w
      dense(source, sourceUnits, 0, w, this.parameters[2 * l + 1]!.w, activations, rows, sourceUnits, width)
      reluInto(activations, activations, rows * width)
      for (let i = 0; i < rows * width; i++) blended[i] = activations[i]!
      for (let k = 0; k < seedsPerLayer; k++) {
        this.blendChunk(l * seedsPerLayer + k, k * this.chunkUnits, alphas, activations, blended, source, rows)
      }
      source = blended
      sourceUnits = width
    }
    const head = this.parameters.length - 2
    dense(source, width, 0, this.parameters[head]!.w, this.parameters[head + 1]!.w, this.logits, rows, width, classes)
  }

  private blendChunk(
    chunk: number,
    offset: number,
    alphas: Float64Array,
    activations: Float32Array,
    blended: Float32Array,
    source: Float32Array,
    rows: number,
  ): void {
    const module = this.modules[chunk]
    const alpha = alphas[chunk]!
    this.used[chunk] = 0
    if (!module || alpha === 0) return
    const startUs = this.timing && this.nowUs ? this.nowUs() : 0
    module.forward(activations, offset, source, rows)
    if (this.timing && this.nowUs) this.computeUs[chunk]! += this.nowUs() - startUs
    const c = this.chunkUnits
    const out = module.out
    if (!allFinite(out, rows * c)) {
      this.nonFiniteChunk = chunk
      return
    }
    this.used[chunk] = alpha
    const width = this.shape.width
    for (let n = 0; n < rows; n++) {
      for (let j = 0; j < c; j++) {
        const at = n * width + offset + j
        blended[at] = (1 - alpha) * activations[at]! + alpha * out[n * c + j]!
      }
    }
  }

  /** Mean cross-entropy of the last forward pass; prepares the gradient of the logits when `gradient`. */
  loss(y: Uint8Array, offset: number, rows: number, gradient: boolean): number {
    const classes = this.shape.classes
    const logits = this.logits
    let sum = 0
    let correct = 0
    for (let n = 0; n < rows; n++) {
      const at = n * classes
      const label = y[offset + n]!
      let best = -Infinity
      let arg = 0
      for (let j = 0; j < classes; j++) {
        const v = logits[at + j]!
        if (v > best) {
          best = v
          arg = j
        }
      }
      let z = 0
      for (let j = 0; j < classes; j++) z += Math.exp(logits[at + j]! - best)
      const logZ = Math.log(z) + best
      sum += logZ - logits[at + label]!
      if (arg === label) correct++
      if (!gradient) continue
      for (let j = 0; j < classes; j++) {
        this.dLogits[at + j] = (Math.exp(logits[at + j]! - logZ) - (j === label ? 1 : 0)) / rows
      }
    }
    this.lossSum = sum
    this.correct = correct
    return sum / rows
  }

  /** Correct predictions counted by the last call of `loss`. */
  get lastCorrect(): number {
    return this.correct
  }

  /** Summed (not averaged) loss of the last call of `loss`. */
  get lastLossSum(): number {
    return this.lossSum
  }

  /** Predicted class of row n of the last forward pass. */
  predicted(n: number): number {
    const classes = this.shape.classes
    let arg = 0
    for (let j = 1; j < classes; j++) if (this.logits[n * classes + j]! > this.logits[n * classes + arg]!) arg = j
    return arg
  }

  /** Propagates the logits' gradient down to `stopLayer`; call after forward and loss(gradient) on the same rows. */
  backward(x: Float32Array, rows: number, options: BackwardOptions): void {
    const { inputs, width, layers, classes } = this.shape
    const top = layers - 1
    const head = this.parameters.length - 2
    const wHead = this.parameters[head]!
    if (options.host) {
      denseGradWeights(
        this.blended[top]!,
        width,
        0,
        this.dLogits,
        wHead.g,
        this.parameters[head + 1]!.g,
        rows,
        width,
        classes,
      )
    }
    denseGradInput(this.dLogits, wHead.w, this.dBlended[top]!, width, 0, rows, width, classes, false)
    for (let l = top; l >= options.stopLayer; l--) {
      const activations = this.activations[l]!
      const source = l === 0 ? x : this.blended[l - 1]!
      const sourceUnits = l === 0 ? inputs : width
      const dZ = this.dActivations
      const readsInput = this.backwardChunks(l, source, rows, options)
      reluMask(activations, dZ, rows * width)
      options.onLayer?.(l, activations, this.dBlended[l]!, dZ)
      const w = this.parameters[2 * l]!
      if (options.host) {
        denseGradWeights(source, sourceUnits, 0, dZ, w.g, this.parameters[2 * l + 1]!.g, rows, sourceUnits, width)
      }
      if (l === options.stopLayer) continue
      const below = this.dBlended[l - 1]!
      denseGradInput(dZ, w.w, below, width, 0, rows, width, width, false)
      if (readsInput) for (let i = 0; i < rows * width; i++) below[i]! += this.dInput[i]!
    }
  }

  /** Splits the gradient of the blended layer between host and modules. True when a module read the layer input. */
  private backwardChunks(l: number, source: Float32Array, rows: number, options: BackwardOptions): boolean {
    const { width, seedsPerLayer } = this.shape
    const c = this.chunkUnits
    const dH = this.dBlended[l]!
    const dA = this.dActivations
    for (let i = 0; i < rows * width; i++) dA[i] = dH[i]!
    let readsInput = false
    for (let k = 0; k < seedsPerLayer; k++) {
      const chunk = l * seedsPerLayer + k
      const alpha = this.used[chunk]!
      if (alpha === 0) continue
      const offset = k * c
      for (let n = 0; n < rows; n++) for (let j = 0; j < c; j++) dA[n * width + offset + j]! *= 1 - alpha
      if (l > 0 && this.modules[chunk]!.blueprint.source === 'input') readsInput = true
    }
    if (readsInput) for (let i = 0; i < rows * width; i++) this.dInput[i] = 0
    for (let k = 0; k < seedsPerLayer; k++) {
      const chunk = l * seedsPerLayer + k
      const alpha = this.used[chunk]!
      if (alpha === 0) continue
      const module = this.modules[chunk]!
      const offset = k * c
      for (let n = 0; n < rows; n++) {
        for (let j = 0; j < c; j++) module.dOut[n * c + j] = alpha * dH[n * width + offset + j]!
      }
      const learn = options.learn[chunk] === 1
      const startUs = this.timing && this.nowUs ? this.nowUs() : 0
      module.backward(this.activations[l]!, offset, source, rows, learn, dA, readsInput ? this.dInput : null)
      if (this.timing && this.nowUs) this.computeUs[chunk]! += this.nowUs() - startUs
    }
    return readsInput
  }
}
