export { type ChartObject, chartFiles } from './chart/chart-files.ts'
export { CHART_NAME, type ChartMetadata } from './chart/chart-metadata.ts'
export { type PrintedObject, printTemplate } from './template/print-template.ts'
