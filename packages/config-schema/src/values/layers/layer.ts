import type { model } from '../model/model.ts'
import type { Written } from '../model/row.ts'

/** Values that stand between the chart's defaults and the user's. */
export type Layer = Written<typeof model>
