import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root, tool } from '../../scripts/tools.ts'
import { compilers, modules, typeCheck } from './compilers.ts'
import { examplesOf } from './examples.ts'
import { installApp, pack, put, run } from './pack.ts'

let directory: string
let tarball: string
let app: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'istio-cni-package-'))
  tarball = await pack(directory)
  app = join(directory, 'app')
  await installApp(app, tarball)
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const node = (file: string, ...args: string[]) => run(app, process.execPath, file, ...args)

describe('the packed constructs', () => {
  it('have nothing that publint would mend', async () => {
    expect(await run(directory, tool('publint'), '--strict', tarball)).toMatchObject({ code: 0 })
  })

  it('have types that are right for every way to resolve a module', async () => {
    const ended = await run(directory, tool('attw'), '--format', 'ascii', tarball)
    expect(ended.output).toContain('No problems found')
    expect(ended.code).toBe(0)
  })

  it('are the same bytes when they are built and packed again', async () => {
    const digest = async (file: string) =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex')
    const again = await mkdtemp(join(tmpdir(), 'istio-cni-package-again-'))
    try {
      expect(await digest(await pack(again))).toBe(await digest(tarball))
    } finally {
      await rm(again, { recursive: true, force: true })
    }
  })

  it('name no package of the workspace and nothing but what they declare', async () => {
    const installed = join(app, 'node_modules/@istio-install-cni')
    expect(await readdir(installed)).toEqual(['constructs'])
    const files = await readdir(join(installed, 'constructs'), { recursive: true })
    for (const file of files.filter((name) => /\.(js|ts|json)$/.test(name))) {
      const text = await readFile(join(installed, 'constructs', file), 'utf8')
      expect(text.includes('@istio-install-cni/config-schema'), file).toBe(false)
      expect(text.includes(root), file).toBe(false)
    }
  })
})

const esModule = `import { IstioCni } from '@istio-install-cni/constructs'
import { App, Chart } from 'cdk8s'

const app = new App({ outdir: process.argv[2] })
new IstioCni(new Chart(app, 'mesh'), 'cni', { ambient: { enabled: true } })
app.synth()
`

const commonJs = `const { IstioCni } = require('@istio-install-cni/constructs')
const { App, Chart } = require('cdk8s')

const app = new App({ outdir: process.argv[2] })
new IstioCni(new Chart(app, 'mesh'), 'cni', { ambient: { enabled: true } })
app.synth()
`

describe("a platform team's app", () => {
  it('synthesizes with two lines, as an ES module in TypeScript and in CommonJS, the same objects', async () => {
    await put(app, 'app.mts', esModule)
    await put(app, 'app.cjs', commonJs)
    expect(await node('app.mts', 'from-esm')).toEqual({ code: 0, output: '' })
    expect(await node('app.cjs', 'from-cjs')).toEqual({ code: 0, output: '' })
    const [fromEsModule, fromCommonJs] = await Promise.all(
      ['from-esm', 'from-cjs'].map((output) => readFile(join(app, output, 'mesh.k8s.yaml'), 'utf8')),
    )
    expect(fromEsModule).toContain('name: istio-cni-node')
    expect(fromEsModule).toContain('AMBIENT_ENABLED: "true"')
    expect(fromCommonJs).toBe(fromEsModule)
  })

  it('gets the very same classes from both entry points, under their names', async () => {
    const program = `import * as imported from '@istio-install-cni/constructs'
import { createRequire } from 'node:module'
const required = createRequire(import.meta.url)('@istio-install-cni/constructs')
const names = Object.keys(required)
console.log(names.length > 5, Object.keys(imported).filter((name) => name !== 'module.exports' && name !== 'default').length === names.length, names.every((name) => imported[name] === required[name]))
console.log(names.filter((name) => typeof required[name] === 'function' && required[name].name !== name))
`
    await put(app, 'both.mjs', program)
    expect(await node('both.mjs')).toEqual({ code: 0, output: 'true true true\n[]\n' })
  })

  const props = [
    '{ ambient: { enabled: true } }',
    "{ ambient: { enabled: 'yes' } }",
    '{ ambient: { enable: true } }',
  ]
  const typed = [
    "import { IstioCni } from '@istio-install-cni/constructs'",
    "import { App, Chart } from 'cdk8s'",
    ...props.map((given) => `new IstioCni(new Chart(new App(), 'mesh'), 'cni', ${given})`),
  ].join('\n')

  for (const compiler of Object.keys(compilers)) {
    for (const [kind, { options, extension }] of Object.entries(modules)) {
      it(`is type checked as ${kind} by the ${compiler} compiler, which names wrong props and nothing else`, async () => {
        const file = `typed.${extension}`
        await put(app, file, typed)
        const { output } = await typeCheck(app, compiler, options, [file])
        const errors = output.split('\n').filter((line) => line.startsWith('typed.'))
        expect(errors).toEqual([
          expect.stringMatching(/\(4,\d+\): error TS2322: Type 'string' is not assignable to type 'boolean/),
          expect.stringMatching(/\(5,\d+\): error TS2561: .*'enable' does not exist/),
        ])
        expect(output).toContain("Did you mean to write 'enabled'?")
        expect(output).not.toMatch(/^[^t ]/m)
      })
    }
  }

  it('learns from a synth error which construct got a prop that no type could refuse', async () => {
    await put(app, 'wrong.cjs', commonJs.replace('enabled: true', 'enabled: "yes"'))
    const { code, output } = await node('wrong.cjs', 'wrong')
    expect(code).toBe(1)
    expect(output).toContain('mesh/cni: a prop cannot be used')
    expect(output).toContain('ambient.enabled="yes"')
  })

  const examples = examplesOf('packages/constructs/README.md', 'docs/constructs.md')
  it('has types for every example of the documentation', async () => {
    const files = examples.map((_, index) => `example-${index}.mts`)
    for (const [index, [, source]] of examples.entries()) await put(app, `example-${index}.mts`, source)
    const { options } = modules['ES module']
    expect(await typeCheck(app, 'native', options, files)).toEqual({ code: 0, output: '' })
  })

  it.each(examples)('can copy the example of %s', async (_, source) => {
    await put(app, 'example.mts', source)
    expect(await node('example.mts')).toEqual({ code: 0, output: '' })
  })
})
