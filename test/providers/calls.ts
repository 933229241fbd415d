import { expect } from "vitest"
import {
  type CallOptions,
  isSecretError,
  type SecretError,
  type SecretInfo,
  type SecretStore,
} from "../../src/core/index.ts"

/** Options of a call that nobody aborts. */
export const calm: CallOptions = { signal: new AbortController().signal }

/** The value of a secret. */
export async function reveal(store: SecretStore, name: string): Promise<string | Uint8Array> {
  return (await store.read(name, calm)).value
}

/** The error that a call ends with. */
export async function errorOf(call: Promise<unknown> | (() => unknown)): Promise<SecretError> {
  try {
    await (typeof call === "function" ? call() : call)
  } catch (thrown) {
    if (isSecretError(thrown)) return thrown
    throw thrown
  }
  return expect.fail("the call did not fail")
}

/** The names of a list, sorted. */
export async function names(list: AsyncIterable<SecretInfo> | undefined): Promise<string[]> {
  const all: string[] = []
  for await (const { name } of list ?? []) all.push(name)
  return all.sort()
}

/** Values at the edges of what a value can be. */
export const oddValues: readonly (readonly [what: string, value: string])[] = [
  ["an empty value", ""],
  ["a space", " "],
  ["white space of several kinds", " \t\u00a0\ufeff"],
  ["one byte", "x"],
  ["a mebibyte", "x".repeat(2 ** 20)],
  ["several lines", "-----BEGIN KEY-----\nabc\ndef==\n-----END KEY-----\n"],
  ["Windows lines", "a\r\nb\r\n"],
  ["a NUL", "a\0b"],
  ["quotation marks and a hash", 'it\'s "x" # y'],
  ["dollars and back slashes", "$HOME ${HOME} $(id) \\n \\ "],
  ["characters beyond the basic plane", "🔑 ключ"],
]

/** Names that no store may hold. */
export const badNames: readonly string[] = [
  "",
  ".",
  "..",
  "../x",
  "a/../b",
  "a/./b",
  "a//b",
  "/a",
  "a/",
  "a%2e%2e",
  "a%00",
  "a\\b",
  "a\nb",
  "a\0b",
  "a\u2028b",
  " a",
  "a ",
  "latchkey",
  "latchkey/journal",
  "x".repeat(600),
]

/** Everything that an iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
