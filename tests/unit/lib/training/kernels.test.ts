import { expect, test } from 'vitest'
import { allFinite, dense, denseGradInput, denseGradWeights, reluInto } from '../../../../lib/training/kernels.ts'

test('the rectifier keeps NaN, so that a broken module can not hide behind zeros', () => {
  const out = new Float32Array(4)
  reluInto(Float32Array.of(-1, 0, 2, NaN), out, 4)
  expect([...out]).toEqual([0, 0, 2, NaN])
})

test('dense and its gradients agree with a hand-made example behind a stride and an offset', () => {
  const x = Float32Array.of(9, 1, 2, 9, 3, 4)
  const w = Float32Array.of(1, 2, 3, 4)
  const out = new Float32Array(4)
  dense(x, 3, 1, w, Float32Array.of(10, 20), out, 2, 2, 2)
  expect([...out]).toEqual([17, 30, 25, 42])
  const gradW = new Float32Array(4)
  const gradBias = new Float32Array(2)
  denseGradWeights(x, 3, 1, Float32Array.of(1, 0, 0, 1), gradW, gradBias, 2, 2, 2)
  expect([...gradW, ...gradBias]).toEqual([1, 3, 2, 4, 1, 1])
  const dX = new Float32Array(6).fill(1)
  denseGradInput(Float32Array.of(1, 0, 0, 1), w, dX, 3, 1, 2, 2, 2, true)
  expect([...dX]).toEqual([1, 2, 4, 1, 3, 5])
})

test('one non-finite value anywhere is found, values behind the length are not looked at', () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    expect(allFinite(Float32Array.of(1, bad, 3), 3)).toBe(false)
    expect(allFinite(Float32Array.of(1, 2, bad), 2)).toBe(true)
  }
})
