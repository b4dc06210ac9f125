import { describe, expectTypeOf, it } from 'vitest'
import { type Expression, each, type Template, text, value, when, withoutEmpty } from './index.ts'

interface Container {
  readonly name: string
  readonly image?: string
  readonly ports?: { readonly containerPort: number }[]
  readonly env?: { readonly name: string; readonly value?: string }[]
  readonly policy?: 'Always' | 'Never'
  readonly labels?: { readonly [key: string]: string }
  /** As the generated types of Kubernetes wrap a number or text. */
  readonly limit?: { readonly value: string | number }
}

// What is asserted here, the compiler asserts: a wrong template is an error before anything runs.
describe('a template', () => {
  it('takes expressions of the type that stands there', () => {
    const container: Template<Container> = {
      name: text`x-${value('healthPort')}`,
      image: when(value('image'), value('image')),
      ports: [when(value('hostNetwork'), { containerPort: value('healthPort') })],
      env: [{ name: 'A' }, each(value('imagePullSecrets'), (name) => ({ name, value: 'x' }))],
      policy: when(value('hub'), 'Always', 'Never'),
      labels: { a: 'b', c: when(value('hub'), 'd') },
      limit: 1,
    }
    expectTypeOf(container).toExtend<Template<Container>>()
    expectTypeOf(withoutEmpty(value('resources'))).toExtend<Expression<object>>()
    expectTypeOf(value('ambient.enabled')).toEqualTypeOf<Expression<boolean>>()
    expectTypeOf(when(value('hub'), { a: value('healthPort') })).toExtend<
      Expression<{ readonly a: number } | undefined>
    >()
  })

  it('takes nothing else', () => {
    // @ts-expect-error there is no such value
    value('ambient.enable')
    // @ts-expect-error a number is no name
    const wrongType: Template<Container> = { name: value('healthPort') }
    // @ts-expect-error a name must not be absent
    const absent: Template<Container> = { name: when(value('hub'), 'x') }
    // @ts-expect-error nobody knows such a key
    const unknownKey: Template<Container> = { name: 'x', imag: 'y' }
    // @ts-expect-error not one of the words
    const wrongWord: Template<Container> = { name: 'x', policy: when(value('hub'), 'Always', 'Sometimes') }
    const items = each(value('imagePullSecrets'), (name) => ({ name }))
    // @ts-expect-error items stand in a list
    const noList: Template<Container> = { name: 'x', env: items }
    expectTypeOf([wrongType, absent, unknownKey, wrongWord, noList]).toBeArray()
  })
})
