import type { KeyVaultProperties } from "../client-types.ts"

/** The tag of a version that a rotation wrote: which rotation, and which version was the current one before. */
const ROTATION = "latchkey-rotation"

/** The tag that names versions as old as that one was, if there are any: dates are in whole seconds. */
const BEFORE = "latchkey-rotation-before"

/** The tag of a candidate: of which secret it is. */
export const OF = "latchkey-rotation-of"

/** "Key Vault supports up to 15 tags, each of which can have a 256-character name and value" (About Azure Key Vault secrets). */
export const MOST_TAGS = 15
const LONGEST_TAG = 256

/** How many tags of a version are ours. */
export const OWN_TAGS = 2

/** How much of an id of a version stands in a tag: enough to tell the few apart that were made in one second. */
const SHORT = 8

/** What a version of ours says of itself. */
export interface Mark {
  readonly rotationId: string
  /** The version before; absent where there was none. */
  readonly base?: string
  /** Beginnings of ids of versions that were there before it, made in the same second as the one before. */
  readonly before: readonly string[]
  /** The whole, by which copies of it are known. */
  readonly text: string
}

/** The tags of a version, those of ours put in the place of what was there of them. */
export function marked(
  tags: Readonly<Record<string, string>> | undefined,
  rotationId: string,
  base: string | undefined,
  before: readonly string[],
): Readonly<Record<string, string>> {
  const { [ROTATION]: _, [BEFORE]: __, ...others } = tags ?? {}
  const short = before.map(version => version.slice(0, SHORT)).join(",")
  return {
    ...others,
    [ROTATION]: `${rotationId}/${base ?? ""}`,
    ...(short === "" ? {} : { [BEFORE]: short.slice(0, LONGEST_TAG) }),
  }
}

/** What the tags of a version say; `undefined` for one that no rotation wrote. */
export function markOf({ tags }: KeyVaultProperties): Mark | undefined {
  const text = tags?.[ROTATION]
  const [, rotationId, base] = /^(.+)\/([0-9a-f]{32})?$/i.exec(text ?? "") ?? []
  if (text === undefined || rotationId === undefined) return undefined
  const before = (tags?.[BEFORE] ?? "").split(",").filter(short => short.length === SHORT)
  return { rotationId, before, text, ...(base === undefined ? {} : { base }) }
}

/** Whether a version is among those that were there before another one. */
export function isBefore(version: string, { base, before }: Mark): boolean {
  return version === base || before.includes(version.slice(0, SHORT))
}

/** How many tags of other people a version has. */
export function foreignTags(tags: Readonly<Record<string, string>> | undefined): number {
  return Object.keys(tags ?? {}).filter(tag => tag !== ROTATION && tag !== BEFORE).length
}
