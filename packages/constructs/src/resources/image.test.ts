import { ISTIO_VERSION, type ValuesInput } from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import { evaluate } from '../expressions/index.ts'
import { imageReference } from './image.ts'
import { contextOf } from './rendered.fixture.ts'

const digest = `sha256:${'0a'.repeat(32)}`
const hardened = 'dhi.io/istio-install-cni'

describe('the image', () => {
  it.each<[string, ValuesInput, string]>([
    ['nothing', {}, `${hardened}:${ISTIO_VERSION}`],
    ['a profile', { profile: 'ambient' }, `${hardened}:${ISTIO_VERSION}`],
    ['a tag', { tag: '1.30.2' }, `${hardened}:1.30.2`],
    ['a variant', { variant: 'dev' }, `${hardened}:${ISTIO_VERSION}-dev`],
    [
      'a tag with digest and a variant',
      { tag: `1.30.3@${digest}`, variant: 'dev' },
      `${hardened}:1.30.3@${digest}`,
    ],
    ["the guide's image and tag", { cni: { image: hardened, tag: '1.30.3' } }, `${hardened}:1.30.3`],
    ["the guide's whole image", { cni: { image: `${hardened}:1.30.3-dev` } }, `${hardened}:1.30.3-dev`],
    [
      'a whole image, whatever else is there',
      { image: `${hardened}:1.30.3`, hub: 'registry.example/mesh', tag: '1', variant: 'dev' },
      `${hardened}:1.30.3`,
    ],
    ['an image with digest', { image: `${hardened}@${digest}`, tag: '1' }, `${hardened}@${digest}`],
    [
      'a registry with a port',
      { image: 'localhost:5000/cni', tag: '1', variant: 'x' },
      'localhost:5000/cni:1',
    ],
    ['a hub', { hub: 'registry.example/mesh' }, `registry.example/mesh/install-cni:${ISTIO_VERSION}`],
    [
      'global hub, tag and variant',
      { global: { hub: 'registry.example/mesh', tag: '1.2.3', variant: 'distroless' } },
      'registry.example/mesh/install-cni:1.2.3-distroless',
    ],
    [
      'own and global ones',
      { hub: 'a.example', tag: '1', variant: 'x', global: { hub: 'b.example', tag: '2', variant: 'y' } },
      'a.example/install-cni:1-x',
    ],
    ['another name', { image: 'istio-install-cni-next', tag: '1' }, 'dhi.io/istio-install-cni-next:1'],
    [
      'a name in a hub',
      { hub: 'r.example', image: 'istio-install-cni', tag: '1' },
      'r.example/istio-install-cni:1',
    ],
    ['an empty name', { image: '', hub: 'r.example', tag: '1' }, 'r.example/install-cni:1'],
  ])('of %s', (_, values, reference) => {
    expect(evaluate(imageReference, contextOf(values))).toBe(reference)
  })
})
