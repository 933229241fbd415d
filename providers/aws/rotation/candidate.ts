import { type CallOptions, type Kept, type SecretValue, sameValue } from "../../../src/core/index.ts"
import { labelOff, sweep } from "../candidates.ts"
import type { Connection } from "../client.ts"
import { AwsFailure, isNamed, noAnswer } from "../failure.ts"
import { rotationLabel } from "../labels.ts"
import { isVersionId } from "../names.ts"
import { storedSecret } from "../read.ts"
import { contentOf } from "../write.ts"
import { loadJournal } from "./journal.ts"
import type { Place } from "./place.ts"
import { candidateToken } from "./tokens.ts"

/**
 * Puts a candidate beside the current version, under a token that is derived from the rotation: the first one that comes
 * is stored, and whoever comes later is told so. It has a label, without which the service might forget it.
 */
export async function park(
  connection: Connection,
  name: string,
  place: Place,
  { value, signal }: CallOptions & { readonly value: SecretValue },
): Promise<{ readonly reference: string; readonly mine: boolean }> {
  const { token, label, rotationToken } = place
  const input = {
    SecretId: name,
    ...contentOf(value, token),
    VersionStages: [label],
    ...(rotationToken !== undefined && { RotationToken: rotationToken }),
  }
  const put = async () => await connection.call("PutSecretValue", input, signal)
  try {
    const { VersionId } = await put().catch(async thrown => {
      const isFull = isNamed(thrown, "LimitExceededException")
      if (isFull && (await makeRoom(connection, name, signal))) return await put()
      throw thrown
    })
    if (VersionId !== token) throw noAnswer("PutSecretValue")
    return { reference: token, mine: true }
  } catch (thrown) {
    if (!isNamed(thrown, "ResourceExistsException")) throw thrown
  }
  // The service has compared them in its own way. A value that it takes for another one and that is the same all the same
  // is stored, and must not be revoked.
  const parked = await versionOf(connection, name, token, signal)
  return { reference: token, mine: parked !== undefined && sameValue(parked.value, value) }
}

/** Where there is no room for a label, takes those off that rotations have left which nobody goes on with. */
async function makeRoom(connection: Connection, name: string, signal: AbortSignal): Promise<boolean> {
  const { journal } = await loadJournal(connection, name, { signal })
  const needed = new Set<string>()
  if (journal?.candidate !== undefined) needed.add(rotationLabel(journal.candidate))
  if (journal?.rotationId !== undefined)
    needed.add(rotationLabel(await candidateToken(name, journal.rotationId)))
  return await sweep(connection.call, name, signal, needed)
}

/**
 * The value of a version: of the candidate for as long as its label says that it is one, of a former value for as long as
 * the service has it.
 *
 * @param reference the id of the version; absent for the candidate.
 */
export async function kept(
  connection: Connection,
  name: string,
  { token, isKept }: Place,
  { reference = token, signal }: CallOptions & { readonly reference?: string | undefined },
): Promise<Kept | undefined> {
  if (!isVersionId(reference)) return undefined
  const found = await versionOf(connection, name, reference, signal)
  if (found === undefined || (reference === token && !isKept(found.labels))) return undefined
  return { reference, value: found.value }
}

/**
 * Takes the label off the candidate. Without one the service may forget the version; it does so on its own, nobody can
 * ask for it. The current version loses nothing by it but the label.
 */
export async function discard(
  { call }: Connection,
  name: string,
  { token, label }: Place,
  { signal }: CallOptions,
): Promise<void> {
  try {
    // Not asked before whether it is there, because an answer may be older than the label.
    await call("UpdateSecretVersionStage", labelOff(name, label, token), signal)
  } catch (thrown) {
    const isGone = ["InvalidParameterException", "ResourceNotFoundException"].some(one =>
      isNamed(thrown, one),
    )
    if (!isGone) throw thrown
  }
}

interface Version {
  readonly value: SecretValue
  readonly labels: readonly string[]
}

async function versionOf(
  { call }: Connection,
  name: string,
  version: string,
  signal: AbortSignal,
): Promise<Version | undefined> {
  try {
    const answer = await call("GetSecretValue", { SecretId: name, VersionId: version }, signal)
    const { value } = storedSecret(answer)
    return { value, labels: Array.isArray(answer.VersionStages) ? answer.VersionStages : [] }
  } catch (thrown) {
    if (isNamed(thrown, "ResourceNotFoundException")) return undefined
    throw thrown instanceof AwsFailure ? thrown.withNothingChanged() : thrown
  }
}
