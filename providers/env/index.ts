export { env } from "./env.ts"
export { type EnvOptions, fromUrl } from "./options.ts"
