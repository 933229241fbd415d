export type { AssistedOptions } from "./assisted.ts"
export { assisted } from "./assisted.ts"
export type { AskInput, AssistedInput, FileInput, StreamInput } from "./input.ts"
