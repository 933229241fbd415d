import { SecretError } from "../../src/core/index.ts"

/** What is kept of the rotations of one secret. */
export interface LedgerEntry {
  /** The journal as it was found: it may be one of a newer release. */
  journal?: unknown
  /** Candidates by the id of their rotation. */
  readonly candidates: Map<string, string>
  /** Values from before a promotion, by the id of its rotation and the version that it replaced: `"<id>/<version>"`. */
  readonly former: Map<string, string>
}

/** What stands in the file beside a `.env`. */
export interface LedgerContent {
  /** The random key of the versions, as base64url: with it, and with no less, a version tells whether a value is known. */
  readonly key: string
  /** By the name of the entry in the `.env`. */
  readonly entries: Map<string, LedgerEntry>
}

const NEWEST = 1

const KEY = /^[A-Za-z0-9_-]{43}$/

/** Nothing but a key. */
export function newLedger(): LedgerContent {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(32))
  return { key: Buffer.from(bytes).toString("base64url"), entries: new Map() }
}

/** The entry of a secret, made if it is not there. */
export function entryOf({ entries }: LedgerContent, name: string): LedgerEntry {
  const entry = entries.get(name) ?? { candidates: new Map(), former: new Map() }
  entries.set(name, entry)
  return entry
}

/**
 * Reads what {@link printLedger} wrote. What it does not know is refused: it would be lost with the next change.
 *
 * @throws SecretError `UNSUPPORTED` for a newer form, `INVALID_VALUE` for what is garbled. Neither quotes the content.
 */
export function parseLedger(bytes: Uint8Array): LedgerContent {
  const content = record(parsed(bytes))
  if (typeof content.schema === "number" && content.schema > NEWEST) {
    throw new SecretError("UNSUPPORTED", {
      message: `the file of rotations has form ${content.schema}, and this release knows forms up to ${NEWEST}`,
      hint: "a newer release of latchkey rotates these secrets: bring this program up to date before it rotates",
    })
  }
  const { schema, key, secrets, ...unknown } = content
  if (schema !== NEWEST || typeof key !== "string" || !KEY.test(key)) throw garbled()
  if (Object.keys(unknown).length > 0) throw garbled()
  return {
    key,
    entries: new Map(Object.entries(record(secrets)).map(([name, entry]) => [name, readEntry(entry)])),
  }
}

/** The content as text for the file. A secret of which nothing is kept is left out. */
export function printLedger({ key, entries }: LedgerContent): Uint8Array {
  const secrets = Array.from(entries)
    .filter(
      ([, { journal, candidates, former }]) => journal !== undefined || candidates.size + former.size > 0,
    )
    .map(([name, { journal, candidates, former }]) => [
      name,
      { journal, candidates: Object.fromEntries(candidates), former: Object.fromEntries(former) },
    ])
  const content = { schema: NEWEST, key, secrets: Object.fromEntries(secrets) }
  return Buffer.from(`${JSON.stringify(content, undefined, 2)}\n`)
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))
  } catch {
    // The parser quotes its input, which is secret.
    throw garbled()
  }
}

function readEntry(said: unknown): LedgerEntry {
  const { journal, candidates, former, ...unknown } = record(said)
  if (Object.keys(unknown).length > 0) throw garbled()
  return {
    ...(journal === undefined ? {} : { journal }),
    candidates: texts(candidates),
    former: texts(former),
  }
}

function texts(said: unknown): Map<string, string> {
  const entries = Object.entries(record(said))
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === "string")) throw garbled()
  return new Map(entries)
}

function record(said: unknown): Record<string, unknown> {
  if (typeof said !== "object" || said === null || Array.isArray(said)) throw garbled()
  return said as Record<string, unknown>
}

function garbled(): SecretError {
  return new SecretError("INVALID_VALUE", {
    message: "the file of rotations beside the .env is garbled",
    hint: "somebody else wrote to it: look at what it holds, and remove it once no rotation is on its way; the next one then adopts the secrets",
  })
}
