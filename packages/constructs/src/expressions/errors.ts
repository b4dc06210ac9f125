/** A template that is built wrongly, or values that don't fit it: a mistake of whoever wrote the template. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly code: 'TEMPLATE_NOT_EVALUABLE' | 'TEMPLATE_NOT_PRINTABLE'

  constructor(code: TemplateError['code'], message: string) {
    super(message)
    this.code = code
  }
}
