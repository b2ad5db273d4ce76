import { expect, test } from 'vitest'
import { BLUEPRINTS } from '../../../../lib/training/blueprints.ts'
import { Network } from '../../../../lib/training/network.ts'
import { createRng } from '../../../../lib/training/rng.ts'
import { SeedModule } from '../../../../lib/training/seedModule.ts'

const ROWS = 32
/** Where rounding of the float32 pass (falls with the step) and curvature (grows with it) meet: measured 5e-4 to 2e-2. */
const STEP = 2e-3
/** The worst of the 18 combinations is 3e-5; a wrong factor anywhere is above 1e-2. */
const GRADIENT_BOUND = 1e-4
const shape = { inputs: 20, width: 8, layers: 3, seedsPerLayer: 4, classes: 5, maxRows: ROWS }

function given(layer: number, alpha: number, blueprint = BLUEPRINTS[0]!) {
  const rng = createRng(9)
  const network = new Network(shape, 3)
  // Biases away from 0 keep most units off the kink, where a central difference is no derivative.
  for (let l = 0; l < 3; l++) {
    const bias = network.parameters[2 * l + 1]!.w
    for (let i = 0; i < bias.length; i++) bias[i] = 0.3 + 0.1 * rng.normal()
  }
  const x = new Float32Array(ROWS * shape.inputs).map(() => rng.normal())
  const y = new Uint8Array(ROWS).map(() => rng.int(shape.classes))
  const chunk = layer * 4 + 1
  const module = new SeedModule(blueprint, network.place(layer), rng)
  for (const parameter of module.parameters) {
    for (let i = 0; i < parameter.w.length; i++) parameter.w[i]! += 0.2 * rng.normal()
  }
  network.modules[chunk] = module
  const alphas = new Float64Array(12)
  alphas[chunk] = alpha
  const learn = new Uint8Array(12).fill(1)
  const loss = () => {
    network.forward(x, ROWS, alphas)
    return network.loss(y, 0, ROWS, true)
  }
  return { rng, network, module, x, learn, loss }
}

/** Which units are on: where it differs between two points, a kink lies between them and no derivative is defined. */
function pattern(network: Network, module: SeedModule): string {
  const rectified = [...network.activations, ...(module.blueprint.kind === 'relu' ? [module.a] : [])]
  return rectified.map((values) => Array.from(values, (value) => (value > 0 ? '1' : '0')).join('')).join('|')
}

for (const blueprint of BLUEPRINTS) {
  for (const layer of [0, 1, 2]) {
    test(`the gradient of ${blueprint.id} at layer ${layer} agrees with central differences`, () => {
      const { rng, network, module, x, learn, loss } = given(layer, 0.6, blueprint)
      loss()
      network.backward(x, ROWS, { host: true, stopLayer: 0, learn, onLayer: null })
      let apart = 0
      let size = 0
      let compared = 0
      let kinks = 0
      for (const parameter of [...module.parameters, ...network.parameters]) {
        const analytic = parameter.g.slice()
        for (let draw = 0; draw < 8; draw++) {
          const i = rng.int(parameter.w.length)
          const original = parameter.w[i]!
          const at = (offset: number) => {
            parameter.w[i] = original + offset
            // The weight is rounded to float32: the step that was taken is the one to divide by.
            return { w: parameter.w[i]!, loss: loss(), pattern: pattern(network, module) }
          }
          const above = at(STEP)
          const below = at(-STEP)
          parameter.w[i] = original
          if (above.pattern !== below.pattern) {
            kinks++
            continue
          }
          const numeric = (above.loss - below.loss) / (above.w - below.w)
          apart += (numeric - analytic[i]!) ** 2
          size += numeric ** 2 + analytic[i]! ** 2
          compared++
        }
      }
      expect(compared + kinks).toBe(8 * (module.parameters.length + network.parameters.length))
      expect(kinks).toBeLessThan(compared / 2)
      expect(Math.sqrt(apart / size)).toBeLessThan(GRADIENT_BOUND)
    })
  }
}

test('a module that may not learn gets no gradient but still passes one on', () => {
  const { network, module, x, learn, loss } = given(1, 1, BLUEPRINTS[2])
  loss()
  learn.fill(0)
  network.backward(x, ROWS, { host: true, stopLayer: 0, learn, onLayer: null })
  expect(module.gradientNorm()).toBe(0)
  expect(network.parameters[0]!.g.some((g) => g !== 0)).toBe(true)
})

test('alpha 0 leaves the host untouched to the last bit', () => {
  const { network, loss } = given(0, 0, BLUEPRINTS[5])
  const withModule = loss()
  network.modules.fill(null)
  expect(loss()).toBe(withModule)
})

test('a module with a non-finite output is left out of that pass and reported', () => {
  const { network, module, loss } = given(1, 0.5, BLUEPRINTS[3])
  module.parameters[1]!.w[0] = NaN
  const broken = loss()
  expect(network.nonFiniteChunk).toBe(5)
  network.modules.fill(null)
  expect(loss()).toBe(broken)
})

test('every blueprint shows NaN in its weight norm', () => {
  for (const blueprint of BLUEPRINTS) {
    const { module } = given(0, 1, blueprint)
    module.parameters[0]!.w[0] = NaN
    expect(Number.isFinite(module.weightNorm()), blueprint.id).toBe(false)
  }
})
