export { depot } from "./depot.ts"
export { type DepotOptions, fromUrl } from "./options.ts"
