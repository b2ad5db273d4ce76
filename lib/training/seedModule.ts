/*
 * SeedModule: one grown module with its forward pass, its exact backward pass and its own optimiser state.
 * In: activations of the layer, the layer input, gradients of its output. Out: chunk output, parameter and input gradients.
 * Invariant: forward and backward allocate nothing; NaN in a weight shows in the output or in the weight norm.
 * Source: docs/training.md "blueprints"; verified by central differences in the tests.
 */
import { Parameter, adamStep, clearGradients, createWeights, gradientNorm, weightNorm } from './adam.ts'
import { moduleShape, type Blueprint } from './blueprints.ts'
import { dense, denseGradInput, denseGradWeights, reluInto, reluMask } from './kernels.ts'
import type { Rng } from './rng.ts'

export interface ModulePlace {
  readonly chunkUnits: number
  readonly layerUnits: number
  readonly layerInputs: number
  /** Most rows ever passed at once: batch or evaluation chunk. */
  readonly maxRows: number
}

/** A class because its fields are read in the innermost loops. */
export class SeedModule {
  readonly blueprint: Blueprint
  readonly parameters: readonly Parameter[]
  readonly parameterCount: number
  readonly out: Float32Array
  readonly dOut: Float32Array
  /** Hidden activations of the last forward pass, [rows][hidden]. */
  readonly a: Float32Array
  /** Optimiser steps taken. */
  steps = 0
  private readonly place: ModulePlace
  private readonly inputs: number
  private readonly hidden: number
  private readonly hiddenOutputs: number
  private readonly z: Float32Array
  private readonly dz: Float32Array
  private readonly da: Float32Array

  constructor(blueprint: Blueprint, place: ModulePlace, rng: Rng) {
    this.blueprint = blueprint
    this.place = place
    const c = place.chunkUnits
    const shape = moduleShape(blueprint, c, place.layerUnits, place.layerInputs)
    this.inputs = shape.inputs
    this.hidden = shape.hidden
    this.hiddenOutputs = shape.hiddenOutputs
    if (blueprint.kind === 'scale_shift') {
      const scale = new Parameter(c)
      for (let j = 0; j < c; j++) scale.w[j] = rng.normal() * 0.01
      this.parameters = [scale, new Parameter(c)]
    } else {
      // A residual module starts near the identity, a replacing one at the scale of its chunk.
      const outScale = blueprint.residual ? 0.05 / Math.sqrt(this.hidden) : Math.sqrt(1 / this.hidden)
      this.parameters = [
        createWeights(rng, this.inputs, this.hiddenOutputs),
        new Parameter(this.hiddenOutputs),
        createWeights(rng, this.hidden, c, outScale),
        new Parameter(c),
      ]
    }
    this.parameterCount = this.parameters.reduce((sum, parameter) => sum + parameter.w.length, 0)
    const rows = place.maxRows
    this.out = new Float32Array(rows * c)
    this.dOut = new Float32Array(rows * c)
    this.z = new Float32Array(rows * this.hiddenOutputs)
    this.a = new Float32Array(rows * this.hidden)
    this.dz = new Float32Array(rows * this.hiddenOutputs)
    this.da = new Float32Array(rows * this.hidden)
  }

  /** Fills `out` [rows][chunk] from layer activations [rows][layer] at column `offset` and the layer input. */
  forward(activations: Float32Array, offset: number, input: Float32Array, rows: number): void {
    const { chunkUnits: c, layerUnits: width } = this.place
    const [w1, b1, w2, b2] = this.parameters
    const out = this.out
    if (this.blueprint.kind === 'scale_shift') {
      for (let n = 0; n < rows; n++) {
        for (let j = 0; j < c; j++) {
          out[n * c + j] = activations[n * width + offset + j]! * (1 + w1!.w[j]!) + b1!.w[j]!
        }
      }
      return
    }
    const fromInput = this.blueprint.source === 'input'
    const stride = fromInput ? this.inputs : width
    const column = this.blueprint.source === 'chunk' ? offset : 0
    const source = fromInput ? input : activations
    dense(source, stride, column, w1!.w, b1!.w, this.z, rows, this.inputs, this.hiddenOutputs)
    this.activate(rows)
    dense(this.a, this.hidden, 0, w2!.w, b2!.w, out, rows, this.hidden, c)
    if (!this.blueprint.residual) return
    for (let n = 0; n < rows; n++) {
      for (let j = 0; j < c; j++) out[n * c + j]! += activations[n * width + offset + j]!
    }
  }

  private activate(rows: number): void {
    const { z, a, hidden, hiddenOutputs } = this
    if (this.blueprint.kind === 'relu') reluInto(z, a, rows * hidden)
    else if (this.blueprint.kind === 'linear') for (let i = 0; i < rows * hidden; i++) a[i] = z[i]!
    else {
      for (let n = 0; n < rows; n++) {
        for (let k = 0; k < hidden; k++) {
          const gate = 1 / (1 + Math.exp(-z[n * hiddenOutputs + hidden + k]!))
          a[n * hidden + k] = z[n * hiddenOutputs + k]! * gate
        }
      }
    }
  }

  /**
   * Takes `dOut`; accumulates parameter gradients when `learn`, and adds the gradients of what the module read to
   * `dActivations` [rows][layer] and `dInput` [rows][inputs] where given. Must follow `forward` on the same rows.
   */
  backward(
    activations: Float32Array,
    offset: number,
    input: Float32Array,
    rows: number,
    learn: boolean,
    dActivations: Float32Array | null,
    dInput: Float32Array | null,
  ): void {
    const { chunkUnits: c, layerUnits: width } = this.place
    const [w1, b1, w2, b2] = this.parameters
    const dOut = this.dOut
    if (this.blueprint.kind === 'scale_shift') {
      for (let n = 0; n < rows; n++) {
        for (let j = 0; j < c; j++) {
          const at = n * width + offset + j
          const g = dOut[n * c + j]!
          if (learn) {
            w1!.g[j]! += g * activations[at]!
            b1!.g[j]! += g
          }
          if (dActivations) dActivations[at]! += g * (1 + w1!.w[j]!)
        }
      }
      return
    }
    const fromInput = this.blueprint.source === 'input'
    const stride = fromInput ? this.inputs : width
    const column = this.blueprint.source === 'chunk' ? offset : 0
    const target = fromInput ? dInput : dActivations
    if (learn) denseGradWeights(this.a, this.hidden, 0, dOut, w2!.g, b2!.g, rows, this.hidden, c)
    // Only the parameters or a reader of the source need the inner gradient; a frozen bypass of the picture needs neither.
    if (learn || target) {
      denseGradInput(dOut, w2!.w, this.da, this.hidden, 0, rows, this.hidden, c, false)
      this.activateBackward(rows)
      if (learn) {
        const source = fromInput ? input : activations
        denseGradWeights(source, stride, column, this.dz, w1!.g, b1!.g, rows, this.inputs, this.hiddenOutputs)
      }
      if (target) denseGradInput(this.dz, w1!.w, target, stride, column, rows, this.inputs, this.hiddenOutputs, true)
    }
    if (!this.blueprint.residual || !dActivations) return
    for (let n = 0; n < rows; n++) {
      for (let j = 0; j < c; j++) dActivations[n * width + offset + j]! += dOut[n * c + j]!
    }
  }

  private activateBackward(rows: number): void {
    const { z, a, dz, da, hidden, hiddenOutputs } = this
    if (this.blueprint.kind !== 'gated') {
      for (let i = 0; i < rows * hidden; i++) dz[i] = da[i]!
      if (this.blueprint.kind === 'relu') reluMask(a, dz, rows * hidden)
      return
    }
    for (let n = 0; n < rows; n++) {
      for (let k = 0; k < hidden; k++) {
        const at = n * hiddenOutputs + k
        const gate = 1 / (1 + Math.exp(-z[at + hidden]!))
        const g = da[n * hidden + k]!
        dz[at] = g * gate
        dz[at + hidden] = g * z[at]! * gate * (1 - gate)
      }
    }
  }

  gradientNorm(): number {
    return gradientNorm(this.parameters)
  }

  weightNorm(): number {
    return weightNorm(this.parameters)
  }

  clearGradients(): void {
    clearGradients(this.parameters)
  }

  /** Takes one Adam step with the given gradient norm; returns the sum of squared changes, NaN when nothing was done. */
  step(norm: number, learningRate: number, clipNorm: number): number {
    this.steps++
    return adamStep(this.parameters, norm, this.steps, learningRate, clipNorm)
  }
}
