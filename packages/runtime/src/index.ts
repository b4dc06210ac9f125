export { nodeFlags } from './node-flags.ts'
export { rulesReference } from './rules/reference.ts'
