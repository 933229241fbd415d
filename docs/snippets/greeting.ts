import type { Secret } from "latchkey"

/** Something that takes a secret, for the snippets. */
export async function greet(token: Secret<string>): Promise<string> {
  return await token.use(async value => `hello with ${value.length} characters`)
}
