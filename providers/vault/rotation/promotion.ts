import { type PromotedBy, type PromoteOptions, SecretError } from "../../../src/core/index.ts"
import { mapOf } from "../value.ts"
import { refuseBytes } from "./candidates.ts"
import type { About, Engine } from "./engine.ts"
import { before, ifPermitted, isMismatch } from "./failures.ts"
import { placesOf } from "./places.ts"

/** How many versions the engine keeps where nobody says. */
const ENGINES_OWN = 10

/**
 * Makes a value the current version of a secret by one check-and-set write, which is what a plain write of it would be.
 *
 * Where the former version would not stay, because only one is kept or its end is set, it is copied first, fields and all.
 * Where this identity may not see whether it stays, too. One that a person has deleted meanwhile is a change like any other.
 */
export async function promoteIn(
  engine: Engine,
  name: string,
  { rotationId, value, expectBase, signal }: PromoteOptions,
): Promise<PromotedBy> {
  refuseBytes(value)
  const previous = expectBase === undefined ? undefined : await keptBefore(expectBase)
  try {
    const version = await engine.put(name, mapOf(value), Number(expectBase ?? 0), signal)
    return { version: String(version), ...(previous !== undefined && { previous }), journaled: false }
  } catch (thrown) {
    throw isMismatch(thrown) ? changed() : thrown
  }

  /** Sees that the secret is the one that the rotation began with, and that its value can be read afterwards. */
  async function keptBefore(base: string): Promise<string> {
    const places = placesOf(name)
    const number = /^[1-9]\d{0,14}$/.test(base) ? Number(base) : undefined
    const about = await before(ifPermitted(engine.about(name, signal).then(found => ({ found }))))
    const isBase = about === undefined || about.found?.current === number
    if (number === undefined || !isBase || (await isAnother(about?.found))) throw changed()
    if (about?.found !== undefined && (await stays(about.found, number))) return places.version(base)
    return await copied(base)
  }

  /**
   * Whether the secret was removed and made again, which gives it the same numbers once more: it is younger then than the
   * candidate, which was made after the rotation had seen it. Within one tick of the server's clock that cannot be seen.
   */
  async function isAnother(about: About | undefined): Promise<boolean> {
    if (about?.createdAt === undefined) return false
    const { found } = await before(engine.look(placesOf(name).candidate(rotationId), signal))
    return found?.createdAt !== undefined && about.createdAt > found.createdAt
  }

  async function stays(about: About, base: number): Promise<boolean> {
    if (!about.isLasting(base)) return false
    if (about.maxVersions > 1) return true
    const config = await before(ifPermitted(engine.config(signal)))
    if (config === undefined) return false
    // The engine takes the larger of the two.
    return (Math.max(about.maxVersions, config.maxVersions) || ENGINES_OWN) > 1
  }

  async function copied(base: string): Promise<string> {
    const copy = placesOf(name).copy(rotationId, base)
    const { found } = await before(engine.look(name, signal))
    if (found === undefined || String(found.version) !== base) throw changed()
    try {
      await before(engine.put(copy, found.map, 0, signal))
    } catch (thrown) {
      // It was made before: by this rotation, of this version.
      if (!isMismatch(thrown)) throw thrown
    }
    return copy
  }
}

function changed(): SecretError {
  return new SecretError("CONFLICT", {
    message: "the secret was changed since the rotation began",
    hint: "nothing was written over: vault kv metadata get shows its versions, and who keeps it decides which one holds",
  })
}
