export { rulesReference } from './rules/reference.ts'
