import { readFile } from "node:fs/promises"

/** One recorded answer of the real service; see test/servers/recorded/README.md. */
export interface RecordedCase {
  readonly id: string
  readonly evidence: string
  readonly given: string
  readonly request: { readonly op: string; readonly body: unknown }
  readonly answer: {
    readonly status: number
    readonly errorCode?: string
    readonly message?: string
    readonly body?: unknown
  }
}

/** All recorded answers of Secrets Manager, by their ids. */
export async function recordedCases(): Promise<ReadonlyMap<string, RecordedCase>> {
  const file = new URL("../../servers/recorded/aws.json", import.meta.url)
  const cases = JSON.parse(await readFile(file, "utf8")) as readonly RecordedCase[]
  return new Map(cases.map(one => [one.id, one]))
}

/**
 * Fills the variable parts of a recorded body in: `<name>`, `<region>`, and whole texts like `v1`. What is a date there
 * becomes a number of seconds.
 */
export function filled(body: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof body === "string") {
    const whole = variables[body]
    if (whole !== undefined) return whole
    if (body.startsWith("<epoch")) return 1_795_000_000
    return body.replace(/<([^>]+)>/g, (placeholder, name: string) => variables[name] ?? placeholder)
  }
  if (Array.isArray(body)) return body.map(one => filled(one, variables))
  if (typeof body !== "object" || body === null) return body
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [variables[key] ?? key, filled(value, variables)]),
  )
}
