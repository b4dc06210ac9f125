import { InvalidValue, type Kind } from './kind.ts'

/** Any text; an empty one is a value. */
export const text: Kind<string> = {
  type: 'string',
  expectation: 'a text without control characters',
  emptyIsValue: true,
  parse(given) {
    if (/[\p{Cc}]/u.test(given.replaceAll(/[\t\n\r]/g, ''))) throw new InvalidValue(this.expectation)
    return given
  },
  print: String,
}

/** A text that matches a pattern as a whole, surrounding blanks aside. */
function textLike(type: string, pattern: RegExp, expectation: string): Kind<string> {
  return {
    type,
    expectation,
    emptyIsValue: false,
    parse(given) {
      const word = given.trim()
      if (!pattern.test(word)) throw new InvalidValue(expectation)
      return word
    },
    print: String,
  }
}

/** An RFC 1123 label, as namespaces have. */
export const namespaceName = textLike(
  'namespace',
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  'the name of a namespace: lower-case letters, digits and inner dashes, at most 63',
)

/** An RFC 1123 subdomain, as pods and nodes have. */
export const objectName = textLike(
  'name',
  /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  'the name of a Kubernetes object: lower-case letters, digits, inner dashes and dots, at most 253',
)

/** The host part of a URL: a name, an IPv4 or a bare IPv6 address. */
export const hostName = textLike(
  'host',
  /^(?=.{1,253}$)([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)$/,
  'a host name or an IP address without brackets',
)

/** The key of a label or annotation. */
export const labelKey = textLike(
  'label key',
  /^(?=.{1,317}$)([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
  'a label key such as example.com/name',
)

/** The value of a label; an empty one is a value. */
export const labelValue: Kind<string> = {
  ...textLike(
    'label value',
    /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/,
    'a label value: letters, digits and inner -_., at most 63',
  ),
  emptyIsValue: true,
}
