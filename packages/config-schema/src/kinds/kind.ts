/** How a setting's text becomes a typed value, and how that value is written again. */
export interface Kind<Value> {
  /** The word for it in the reference. */
  readonly type: string
  /** Completes the sentence "expected …". */
  readonly expectation: string
  /** Whether an empty text is a value of its own; otherwise it means the default. */
  readonly emptyIsValue: boolean
  /** @throws {InvalidValue} when the text is none of this kind. */
  parse(text: string): Value
  /** The text that parses to this value. */
  print(value: Value): string
}

/** A text is not of the wanted kind; caught by the loader, which adds the setting's name. */
export class InvalidValue extends Error {
  override readonly name = 'InvalidValue'
  readonly suggestion: string | undefined

  /**
   * @param expectation completes the sentence "expected …".
   * @param suggestion what to write instead, if that can be told.
   */
  constructor(expectation: string, suggestion?: string) {
    super(expectation)
    this.suggestion = suggestion
  }
}
