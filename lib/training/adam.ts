/*
 * Trainable tensors and the Adam step over groups of them.
 * In: gradients accumulated in `g`. Out: updated weights and moments; gradients cleared.
 * Invariant: a non-finite gradient norm never reaches a weight; the step counter belongs to the group, not to the tensor.
 * Source: docs/training.md "optimiser".
 */
import { sumOfSquares } from './kernels.ts'
import type { Rng } from './rng.ts'

const BETA1 = 0.9
const BETA2 = 0.999
const EPSILON = 1e-8

/** One tensor: weights, gradient, first and second moment. A class because millions of reads per second go through it. */
export class Parameter {
  readonly w: Float32Array
  readonly g: Float32Array
  readonly m: Float32Array
  readonly v: Float32Array

  constructor(length: number) {
    this.w = new Float32Array(length)
    this.g = new Float32Array(length)
    this.m = new Float32Array(length)
    this.v = new Float32Array(length)
  }
}

/** Creates a [inputs][outputs] weight tensor with normal entries; default scale is He's. */
export function createWeights(rng: Rng, inputs: number, outputs: number, scale = Math.sqrt(2 / inputs)): Parameter {
  const parameter = new Parameter(inputs * outputs)
  for (let i = 0; i < parameter.w.length; i++) parameter.w[i] = rng.normal() * scale
  return parameter
}

/** Computes the L2 norm of all gradients of the group; NaN or infinite when one of them is. */
export function gradientNorm(parameters: readonly Parameter[]): number {
  let sum = 0
  for (const parameter of parameters) sum += sumOfSquares(parameter.g)
  return Math.sqrt(sum)
}

/** Computes the L2 norm of all weights of the group; NaN or infinite when one of them is. */
export function weightNorm(parameters: readonly Parameter[]): number {
  let sum = 0
  for (const parameter of parameters) sum += sumOfSquares(parameter.w)
  return Math.sqrt(sum)
}

/** Sets every gradient of the group to 0; weights and moments stay. */
export function clearGradients(parameters: readonly Parameter[]): void {
  for (const parameter of parameters) parameter.g.fill(0)
}

/**
 * Clips the group to `clipNorm` (0 = no clip), takes step number `t` (from 1) and clears the gradients.
 * Returns the sum of squared weight changes; NaN, with weights and moments untouched, when `norm` is not finite.
 */
export function adamStep(
  parameters: readonly Parameter[],
  norm: number,
  t: number,
  learningRate: number,
  clipNorm: number,
): number {
  if (!Number.isFinite(norm)) {
    clearGradients(parameters)
    return NaN
  }
  const clip = clipNorm > 0 && norm > clipNorm ? clipNorm / norm : 1
  const rate = (learningRate * Math.sqrt(1 - Math.pow(BETA2, t))) / (1 - Math.pow(BETA1, t))
  let moved = 0
  for (const { w, g, m, v } of parameters) {
    for (let i = 0; i < w.length; i++) {
      const gradient = clip === 1 ? g[i]! : Math.fround(g[i]! * clip)
      m[i] = BETA1 * m[i]! + (1 - BETA1) * gradient
      v[i] = BETA2 * v[i]! + (1 - BETA2) * gradient * gradient
      const change = (rate * m[i]!) / (Math.sqrt(v[i]!) + EPSILON)
      w[i]! -= change
      moved += change * change
      g[i] = 0
    }
  }
  return moved
}
