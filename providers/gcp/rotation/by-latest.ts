import { type NativeLedger, SecretError, type SecretValue, sameValue } from "../../../src/core/index.ts"
import { isStatus } from "../errors.ts"
import { asStep, FailedStep } from "../step.ts"
import { Attribution } from "./attribution.ts"
import type { Calls, Reading } from "./calls.ts"
import { OF } from "./notes.ts"
import { candidateOf, copiesOf, following, isNumber, placeOf } from "./references.ts"
import type { SecretChanges } from "./secret-changes.ts"

type Operations = Pick<NativeLedger, "current" | "park" | "kept" | "discard" | "promote" | "since">

/**
 * Rotation where consumers read the newest version. Whatever is added to the secret is live at once, so that a
 * candidate has a secret of its own, one per rotation; and adding has no condition, so that a promotion over somebody
 * else's version can only be seen afterwards.
 *
 * Versions are asked for by their numbers, one after the other, because nothing else is sure to be answered as it is.
 */
export function ledgerByLatest(calls: Calls, changes: SecretChanges): Required<Operations> {
  const attribution = new Attribution(calls, changes)

  /** The candidate of a rotation is the first version of its secret: later ones are those of others who came too late. */
  const elected = async (candidate: string, value: SecretValue, signal: AbortSignal) => {
    const first = { id: candidate, version: "1" }
    const reading = await asStep("access", calls.read(first, signal))
    if (reading.is === "unreadable") throw new FailedStep("access", reading.thrown, undefined)
    if (reading.is !== "readable") return undefined
    return { reference: candidate, mine: sameValue(reading.value, value) }
  }

  return {
    async current(id, { signal }) {
      // It may be behind: what was added since is looked for by number.
      const told = await calls.newest(id, signal)
      let version = told?.version ?? "0"
      let reading: Reading | undefined = told && { is: "readable", value: told.value }
      for (;;) {
        const next = following(version)
        const read = await calls.read({ id, version: next }, signal)
        if (read.is === "absent") break
        version = next
        reading = read
      }
      // As a read of the newest one would.
      if (reading?.is === "unreadable") throw reading.thrown
      return reading?.is === "readable" ? { version, value: reading.value } : undefined
    },

    async park(id, { rotationId, value, signal }) {
      const candidate = await candidateOf(id, rotationId)
      if (!(await isMade(calls, id, candidate, signal))) {
        const found = await elected(candidate, value, signal)
        if (found !== undefined) return found
      }
      const own = await calls.add(candidate, value, signal)
      if (own === "1") return { reference: candidate, mine: true }
      // A version that does not count is left over where this fails, until the candidate is discarded.
      await calls.destroy({ id: candidate, version: own }, signal).catch(() => undefined)
      const other = await elected(candidate, value, signal)
      if (other !== undefined) return other
      throw new SecretError("CONFLICT", {
        message: "the candidate was discarded while another one was parked",
      })
    },

    async kept(id, { rotationId, reference, signal }) {
      const asked = reference ?? (await candidateOf(id, rotationId))
      const value = await calls.keptValue(placeOf(id, asked), signal)
      return value === undefined ? undefined : { reference: asked, value }
    },

    async discard(id, { rotationId, signal }) {
      // While the candidate is there the versions of this rotation are known by its value; from now on by number.
      const isAnnounced = await attribution.settle(id, rotationId, signal)
      await calls.remove(await candidateOf(id, rotationId), signal)
      await calls.remove(await copiesOf(id, rotationId), signal)
      if (isAnnounced) await attribution.forget(id, rotationId, signal)
    },

    async promote(id, { rotationId, value, reference, expectBase, signal }) {
      const base = expectBase ?? "0"
      const isThere = async (version: string): Promise<boolean> =>
        (await asStep("access", calls.read({ id, version }, signal))).is !== "absent"
      const isBaseThere = expectBase === undefined || (isNumber(base) && (await isThere(base)))
      if (!isBaseThere || (await isThere(following(base)))) throw changedMeanwhile()
      const from = await attribution.source(id, { rotationId, value, reference }, signal)
      await attribution.announce(id, { rotationId, after: base, from: [from] }, signal)
      const version = await calls.add(id, value, signal)
      await attribution.written(id, rotationId, version, signal)
      return { version, ...(expectBase === undefined ? {} : { previous: expectBase }), journaled: false }
    },

    async since(id, { base, signal }) {
      return await attribution.since(id, base, signal)
    },
  }
}

/** Makes the secret of a candidate, and tells whether that was done now. */
async function isMade(calls: Calls, id: string, candidate: string, signal: AbortSignal): Promise<boolean> {
  try {
    await asStep("create", calls.create(candidate, { [OF]: id }, signal))
    return true
  } catch (thrown) {
    if (isStatus(thrown, "ALREADY_EXISTS")) return false
    throw thrown
  }
}

function changedMeanwhile(): SecretError {
  return new SecretError("CONFLICT", {
    message: "a version of the secret was added while it was rotated",
    hint: "look at what the secret holds now: it is never written over",
  })
}
