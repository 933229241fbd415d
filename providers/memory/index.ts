export { type MemoryStore, memory } from "./memory.ts"
export { fromUrl, type MemoryOptions } from "./options.ts"
