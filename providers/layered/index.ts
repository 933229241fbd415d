export { layered } from "./layered.ts"
export type { LayeredOptions, LayeredStore } from "./types.ts"
