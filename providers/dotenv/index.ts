export { dotenv } from "./dotenv.ts"
export { type DotenvOptions, fromUrl } from "./options.ts"
export { readDotenv } from "./read-dotenv.ts"
