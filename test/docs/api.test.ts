import { readFile } from "node:fs/promises"
import * as latchkey from "latchkey"
import { type Secret, type SecretEventName, type SecretEvents, Secrets, type SecretsOptions } from "latchkey"
import { describe, expect, test } from "vitest"

type Named<T> = { readonly [K in keyof T]-?: true }

/** Does not compile when an event, or a field of one, is missing or is no longer there. */
const EVENTS: { readonly [E in SecretEventName]: Named<SecretEvents[E]> } = {
  accepted: { secret: true, version: true, previousVersion: true, changed: true },
  refused: { secret: true, version: true, code: true, by: true },
  failed: { secret: true, code: true, error: true },
  recovered: { secret: true, version: true },
  stale: { secret: true, age: true, ended: true },
  withdrawn: { secret: true, code: true },
  kept: { secret: true, code: true, version: true },
  callbackFailed: { secret: true, version: true, attempt: true, retried: true, reason: true },
  closed: { error: true },
}

const OPTIONS: Named<SecretsOptions> = {
  ttl: true,
  maxStale: true,
  callTimeout: true,
  startupDeadline: true,
  overlap: true,
  onDenied: true,
  jitter: true,
  callbackTimeout: true,
  callbackAttempts: true,
  refresh: true,
  clock: true,
  random: true,
}

const OF_A_SECRET: Named<Secret<string>> = {
  name: true,
  reveal: true,
  status: true,
  previous: true,
  use: true,
  onRotate: true,
  map: true,
}

const page = await readFile(new URL("../../docs/api.md", import.meta.url), "utf8")

/** What stands under a heading, up to the next one. */
function section(heading: string): string {
  const from = page.indexOf(`\n${heading}\n`)
  expect(from, `there is no ${heading}`).toBeGreaterThan(-1)
  const begin = from + heading.length + 2
  const end = page.indexOf("\n## ", begin)
  return page.slice(begin, end === -1 ? undefined : end)
}

describe("docs/api.md", () => {
  const methods = Object.getOwnPropertyNames(Secrets.prototype).filter(name => name !== "constructor")

  test.each(methods)("says what Secrets.%s does", name => {
    expect(section("## `Secrets`")).toMatch(new RegExp(`^\\| (?:.*, )?\`${name}[(\`]`, "m"))
  })

  test("says that Secrets can be disposed of", () => {
    expect(Symbol.asyncDispose in Secrets.prototype).toBe(true)
    expect(section("## `Secrets`")).toContain("`await using`")
  })

  test.each(Object.keys(OPTIONS))("names the option %s", name => {
    expect(section("## `Secrets`")).toContain(`\`${name}\``)
  })

  test.each(Object.keys(OF_A_SECRET))("says what %s of a Secret is", name => {
    expect(section("## `Secret`")).toMatch(new RegExp(`^\\| \`${name}[(\`]`, "m"))
  })

  test.each(Object.entries(EVENTS))("has the event %s with its whole payload", (event, fields) => {
    const row = section("## Events")
      .split("\n")
      .find(line => line.startsWith(`| \`${event}\` |`))
    expect(row).toBeDefined()
    for (const field of Object.keys(fields)) expect(row).toContain(`\`${field}\``)
  })

  test.each(Object.keys(latchkey))("names the export %s", name => {
    expect(page).toMatch(new RegExp(`\\b${name}\\b`))
  })
})
