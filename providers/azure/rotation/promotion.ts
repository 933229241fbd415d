import { type NativeLedger, SecretError, type VersionSince } from "../../../src/core/index.ts"
import type { KeyVaultProperties } from "../client-types.ts"
import { beforehand } from "../failure.ts"
import { isDisabled, type LedgerContext, textOf, type VaultSecrets } from "./secrets.ts"
import { isBefore, type Mark, marked, markOf } from "./tags.ts"

type Operations = Required<Pick<NativeLedger, "promote" | "since">>

/** A version, with what is needed to put it in its place among the others. */
interface Listed {
  readonly version: string
  /** Milliseconds since 1970, of a whole second. */
  readonly created: number
  readonly mark: Mark | undefined
}

/**
 * Promotions in a vault: it is looked whether the secret is what it was, and then written. Somebody who writes in
 * between is written over, and seen afterwards in the list of versions.
 *
 * That list has no order, and dates of whole seconds. Which version is the newest is what a read without a version says;
 * what we wrote tells by its tags which one was before it, and which others were as old as that one.
 */
export function vaultPromotion({ inTurn }: LedgerContext, secrets: VaultSecrets): Operations {
  const listed = async (name: string, signal: AbortSignal): Promise<readonly Listed[]> =>
    (await secrets.versions(name, signal)).flatMap(listedFrom)

  return {
    async promote(name, { rotationId, value, expectBase, signal }) {
      const text = textOf(value)
      return await inTurn(name, signal, async () => {
        // Listed before it is read: if what is read is still the base, all that was listed is older than what is written.
        const all = await beforehand(listed(name, signal))
        const current = await beforehand(secrets.read(name, signal))
        if (current?.version !== expectBase) throw changedMeanwhile()
        const base = all.find(({ version }) => version === expectBase)
        const before = all.filter(
          ({ version, created }) => version !== expectBase && created >= (base?.created ?? 0),
        )
        const { contentType, tags } = current?.properties ?? {}
        const beside = {
          contentType,
          tags: marked(
            tags,
            rotationId,
            expectBase,
            before.map(({ version }) => version),
          ),
        }
        const version = await secrets.write(name, text, beside, signal)
        return { version, ...(expectBase === undefined ? {} : { previous: expectBase }), journaled: false }
      })
    },

    async since(name, { base, signal }) {
      const newest = await newestOf(secrets, name, signal)
      // Nothing comes after the one that is read.
      if (base !== undefined && newest === base) return []
      const all = await listed(name, signal)
      const later = after(all, base, newest)
      const ours = await oursAmong(all, later, version => valueAt(secrets, name, version, signal))
      return later.toSorted(inOrder(all, newest)).map(
        ({ version, mark }): VersionSince => ({
          version,
          ...(mark !== undefined && ours.has(version) ? { rotationId: mark.rotationId } : {}),
        }),
      )
    },
  }
}

/** The version that a read gives; `undefined` where there is none, or where it is switched off. */
async function newestOf(
  secrets: VaultSecrets,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await secrets.read(name, signal))?.version
  } catch (thrown) {
    if (isDisabled(thrown)) return undefined
    throw thrown
  }
}

/** The value of a version of the secret; `undefined` where it is switched off. */
async function valueAt(
  secrets: VaultSecrets,
  name: string,
  version: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await secrets.read(name, signal, version))?.value
  } catch (thrown) {
    if (isDisabled(thrown)) return undefined
    throw thrown
  }
}

function listedFrom(properties: KeyVaultProperties): readonly Listed[] {
  const { version, createdOn } = properties
  return version === undefined
    ? []
    : [{ version, created: createdOn?.getTime() ?? 0, mark: markOf(properties) }]
}

/** The versions after another one; all of them where that is not there. */
function after(
  all: readonly Listed[],
  base: string | undefined,
  newest: string | undefined,
): readonly Listed[] {
  const of = all.find(({ version }) => version === base)
  if (of === undefined) return all
  return all.filter(one => one !== of && (one.version === newest || isAfter(all, one, of)))
}

/** Whether a version came after another one. Where nothing tells, it did: better looked at in vain than not at all. */
function isAfter(all: readonly Listed[], one: Listed, base: Listed): boolean {
  if (one.created !== base.created) return one.created > base.created
  return !isOlder(all, one, base)
}

/** Whether a version of the same second is known to be older than another one. */
function isOlder(all: readonly Listed[], one: Listed, base: Listed): boolean {
  if (base.mark !== undefined && isBefore(one.version, base.mark)) return true
  // What was there, beside that other one, when it was the newest.
  return all.some(({ mark }) => mark?.base === base.version && isBefore(one.version, mark))
}

/** Oldest first, as far as that is known; the newest comes last. */
function inOrder(all: readonly Listed[], newest: string | undefined): (one: Listed, other: Listed) => number {
  return (one, other) => {
    if (one.created !== other.created) return one.created - other.created
    if (one.version === newest || other.version === newest) return one.version === newest ? 1 : -1
    if (isOlder(all, one, other)) return -1
    return isOlder(all, other, one) ? 1 : 0
  }
}

/**
 * The versions that rotations wrote, among those that carry their tags. Tags can be copied to another version, by a
 * person or a tool that takes over what the one before had. So where several carry the same ones, which no two
 * promotions have, only those are ours that have the value of the first.
 */
async function oursAmong(
  all: readonly Listed[],
  later: readonly Listed[],
  valueAt: (version: string) => Promise<string | undefined>,
): Promise<ReadonlySet<string>> {
  const ours = new Set<string>()
  for (const { version, mark } of later) {
    if (mark === undefined) continue
    const alike = all.filter(one => one.mark?.text === mark.text)
    if (alike.length === 1 || (await hasValueOfFirst(version, alike, valueAt))) ours.add(version)
  }
  return ours
}

async function hasValueOfFirst(
  version: string,
  alike: readonly Listed[],
  valueAt: (version: string) => Promise<string | undefined>,
): Promise<boolean> {
  const earliest = Math.min(...alike.map(({ created }) => created))
  const first = await Promise.all(
    alike.filter(({ created }) => created === earliest).map(async one => await valueAt(one.version)),
  )
  // Of several in one second that differ, nobody knows which was the first: none of them is taken for ours.
  if (new Set(first).size !== 1 || first[0] === undefined) return false
  return (await valueAt(version)) === first[0]
}

function changedMeanwhile(): SecretError {
  return new SecretError("CONFLICT", {
    message: "the secret was changed while it was rotated",
    hint: "look at what the secret holds now: it is never written over",
  })
}
