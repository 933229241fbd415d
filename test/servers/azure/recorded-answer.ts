import { readFile } from "node:fs/promises"
import type { Reply } from "./ask.ts"

/** One recorded case; see the README beside the file. */
export interface RecordedCase {
  readonly id: string
  readonly evidence: string
  readonly given: string
  readonly request: {
    readonly method: string
    readonly path: string
    readonly query: Readonly<Record<string, string>>
    readonly body: unknown
  }
  readonly answer: {
    readonly status: number
    readonly errorCode?: string
    readonly innerError?: string
    readonly message?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: unknown
  }
}

/** What stands for the variable parts of a case: `<name>` in it is `name` here. */
export type Bindings = Readonly<Record<string, string>>

/** All cases of Key Vault. */
export async function recordedCases(): Promise<readonly RecordedCase[]> {
  return JSON.parse(
    await readFile(new URL("../recorded/azure.json", import.meta.url), "utf8"),
  ) as RecordedCase[]
}

/** A text of a case with everything put in that is bound. */
export function filled(template: string, bindings: Bindings): string {
  return template.replaceAll(/<([^<>]+)>/g, (whole, part: string) => bindings[part] ?? whole)
}

/**
 * Where a reply differs from a recorded answer: `[]` is what one wants. Of a body that was recorded nothing may be
 * missing and nothing may be there in addition; the order of lists is not compared.
 */
export function differences({ answer }: RecordedCase, reply: Reply, bindings: Bindings): string[] {
  const found: string[] = []
  const compare = (what: string, expected: unknown, given: unknown, by = bindings): void => {
    found.push(...unlike(what, expected, given, by, reply.body))
  }
  compare("status", answer.status, reply.status)
  for (const [name, expected] of Object.entries(answer.headers ?? {})) {
    if (!expected.startsWith("<absent")) compare(`header ${name}`, expected, reply.headers[name])
    else if (reply.headers[name] !== undefined) found.push(`header ${name} is there`)
  }
  const error = (
    reply.body as { error?: { code?: string; message?: string; innererror?: { code?: string } } }
  )?.error
  if (answer.errorCode !== undefined) compare("code", answer.errorCode, error?.code)
  else if (error !== undefined) found.push("an error")
  if (answer.innerError !== undefined) compare("inner code", answer.innerError, error?.innererror?.code)
  else if (error?.innererror !== undefined) found.push("an inner error")
  // Texts call a vault by its name alone.
  const vault = bindings.vault?.split(".")[0] ?? ""
  if (answer.message !== undefined) compare("message", answer.message, error?.message, { ...bindings, vault })
  if (answer.body !== undefined) compare("body", answer.body, reply.body)
  return found
}

function unlike(at: string, expected: unknown, given: unknown, bindings: Bindings, root: unknown): string[] {
  if (typeof expected === "string") return fits(expected, given, bindings, root) ? [] : [at]
  if (Array.isArray(expected)) return unlikeList(at, expected, given, bindings, root)
  if (typeof expected !== "object" || expected === null) return expected === given ? [] : [at]
  if (typeof given !== "object" || given === null) return [at]
  const keys = new Set([...Object.keys(expected), ...Object.keys(given)])
  return [...keys].flatMap(key => {
    if (!(key in expected)) return [`${at}.${key} in addition`]
    if (!(key in given)) return [`${at}.${key} is missing`]
    const [one, other] = [expected, given] as Record<string, unknown>[]
    return unlike(`${at}.${key}`, one?.[key], other?.[key], bindings, root)
  })
}

function unlikeList(
  at: string,
  expected: readonly unknown[],
  given: unknown,
  bindings: Bindings,
  root: unknown,
): string[] {
  if (!Array.isArray(given) || given.length !== expected.length) return [`${at}, its length`]
  const left = [...(given as unknown[])]
  return expected.flatMap((one, index) => {
    const place = left.findIndex(other => unlike(at, one, other, bindings, root).length === 0)
    if (place === -1) return unlike(`${at}[${index}]`, one, left[0], bindings, root)
    left.splice(place, 1)
    return []
  })
}

/** Whether a value is what a text of a case stands for. */
function fits(template: string, given: unknown, bindings: Bindings, root: unknown): boolean {
  const special = SPECIAL[template]
  if (special !== undefined) return special(given, root)
  const pattern = filled(template, bindings)
    .split(/(<[^<>]+>)/)
    .map(part => (/^<[^<>]+>$/.test(part) ? (PARTS[part] ?? "[^]+?") : escaped(part)))
  return typeof given === "string" && new RegExp(`^${pattern.join("")}$`).test(given)
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")

const isSeconds = (given: unknown): boolean =>
  Number.isInteger(given) && Math.abs(Number(given) - Date.now() / 1000) < 100 * 365 * 86_400

/** Texts that stand for something else than a text. */
const SPECIAL: Readonly<Record<string, (given: unknown, root: unknown) => boolean>> = {
  "<unix seconds>": isSeconds,
  "<s>": isSeconds,
  "<deletedDate + 604800>": (given, root) =>
    given === Number((root as { deletedDate?: number }).deletedDate) + 604_800,
  "<base64url, about 3,800 characters>": given => /^[\w-]{3500,4100}$/.test(String(given)),
}

/** What may stand in place of a part that is not bound. */
const PARTS: Readonly<Record<string, string>> = {
  "<32 hex, no dashes>": "[0-9a-f]{32}",
  "<uuid>": "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
  "<base64url JSON>": "eyJ[\\w-]+",
  "<token>": "[\\w.-]+",
  "<tenant>": "[0-9a-f-]{36}",
}
