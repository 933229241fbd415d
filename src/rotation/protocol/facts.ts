import type { Kept, SecretValue } from "../../core/index.ts"
import type { Credential } from "../plan.ts"
import { fence, type Turn } from "./hold.ts"
import { ask, type Main, type Part } from "./steps.ts"

/** The secret that consumers read, as it is now. */
export function* readMain(): Part<Main> {
  return yield* ask({ do: "main" })
}

/** The far side's id of the credential that the secret holds now; `undefined` if that cannot be known. */
export function* idOfMain({ terms, journal }: Turn, main: Main): Part<string | undefined> {
  if (main.version === undefined || main.value === undefined) return undefined
  const ours = main.version === journal.promotedVersion
  // While a rotation is on its way, `newId` is no longer that of what the secret holds.
  const told = journal.state === "idle" ? journal.newId : undefined
  if (ours && told !== undefined) return told
  if (main.version === journal.base && journal.oldId !== undefined) return journal.oldId
  return yield* identified(terms.identifies, journal.rotationId ?? "", main.value)
}

function* identified(can: boolean, rotationId: string, value: SecretValue): Part<string | undefined> {
  return can ? yield* ask({ do: "identify", rotationId, value }) : undefined
}

/** What the secret holds, as a credential; `undefined` where there is none yet. */
export function credentialOf(main: Main, id: string | undefined): Credential | undefined {
  if (main.value === undefined) return undefined
  return { value: main.value, ...(id === undefined ? {} : { id }) }
}

/** The candidate of this rotation; `undefined` if nothing is parked. */
export function* readCandidate({ journal }: Turn): Part<Kept | undefined> {
  const { rotationId = "", candidate } = journal
  return yield* ask({
    do: "kept",
    rotationId,
    ...(candidate === undefined ? {} : { reference: candidate }),
  })
}

/** The far side's id of a candidate that somebody parked before: by its value, by its label, or because it is the only one that is new. */
export function* idOfCandidate(turn: Turn, { value }: Kept): Part<string | undefined> {
  const { terms, journal } = turn
  const rotationId = journal.rotationId ?? ""
  const told = yield* identified(terms.identifies, rotationId, value)
  if (told !== undefined || !terms.lists) return told
  const listed = yield* ask({ do: "list", rotationId })
  if (terms.labels) return listed.find(({ label }) => label === terms.label(rotationId))?.id
  if (!terms.exclusive) return undefined
  const known = new Set([...(journal.knownIds ?? []), journal.oldId])
  const strange = listed.filter(({ id }) => !known.has(id))
  return strange.length === 1 ? strange[0]?.id : undefined
}

/** Removes what was kept for this rotation, under the id of every attempt: one that comes late keeps it under an older one. */
export function* discardAll({ terms, journal }: Turn): Part<void> {
  const { claimSeq, attempt, rotationId, candidate, rollback } = journal
  // A former value is kept under the rotation that it is from. Of this one all goes, also what lost the election: named, it
  // would be one candidate among others.
  const former = rollback === true && candidate !== undefined ? { reference: candidate } : {}
  if (rotationId !== undefined) yield* ask({ do: "discard", rotationId, ...former })
  for (let before = 0; claimSeq !== undefined && before < attempt; before += 1) {
    const older = terms.rotationId(claimSeq, before)
    if (older !== rotationId) yield* ask({ do: "discard", rotationId: older })
  }
}

/** Revokes each of these credentials, looking at the journal before every one. */
export function* revokeEach(turn: Turn, ids: readonly string[]): Part<Turn> {
  let fenced = turn
  for (const id of ids) {
    fenced = yield* fence(fenced, turn.terms.deadlines.revoke)
    yield* ask({ do: "revoke", rotationId: turn.journal.rotationId ?? "", credential: { id } })
    yield* ask({ do: "tell", notice: { about: "orphan-revoked", id } })
  }
  return fenced
}
