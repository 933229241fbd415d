import { type Kept, type SecretValue, sameValue } from "../../../src/core/index.ts"
import { labelOff, sweep } from "../candidates.ts"
import type { Connection } from "../client.ts"
import { AwsFailure, isNamed, noAnswer } from "../failure.ts"
import { rotationLabel } from "../labels.ts"
import { isVersionId } from "../names.ts"
import { storedSecret } from "../read.ts"
import { contentOf } from "../write.ts"
import { fitSecret } from "./fitness.ts"
import { loadJournal } from "./journal.ts"
import { candidateToken } from "./tokens.ts"

/** What is parked, and by which rotation. */
interface Parking {
  readonly rotationId: string
  readonly value: SecretValue
  readonly signal: AbortSignal
}

/**
 * Puts a candidate beside the current version, under a token that is derived from the rotation: the first one that comes
 * is stored, and whoever comes later is told so. It has a label of the rotation's own, without which the service might
 * forget it; not AWSPENDING, by which the service knows its own rotations.
 *
 * The label stays on it until the rotation is over, also while it is the current version: a program that goes on with a
 * rotation whose promotion it has not seen knows by it what was promoted.
 */
export async function park(
  connection: Connection,
  name: string,
  { rotationId, value, signal }: Parking,
): Promise<{ readonly reference: string; readonly mine: boolean }> {
  await fitSecret(connection.call, name, signal)
  const token = await candidateToken(name, rotationId)
  const put = async () =>
    await connection.call(
      "PutSecretValue",
      { SecretId: name, ...contentOf(value, token), VersionStages: [rotationLabel(token)] },
      signal,
    )
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
  // Of text and of bytes alike the service says that another value is there, but one that compares them in another way
  // than we do must not make somebody revoke what is parked.
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
 * The value of a version: of a candidate for as long as its label is on it, of a former value for as long as the service
 * has it.
 */
export async function kept(
  connection: Connection,
  name: string,
  {
    rotationId,
    reference,
    signal,
  }: { readonly rotationId: string; readonly reference?: string; readonly signal: AbortSignal },
): Promise<Kept | undefined> {
  const token = await candidateToken(name, rotationId)
  const version = reference ?? token
  if (!isVersionId(version)) return undefined
  const found = await versionOf(connection, name, version, signal)
  if (found === undefined) return undefined
  if (version === token && !found.labels.includes(rotationLabel(token))) return undefined
  return { reference: version, value: found.value }
}

/**
 * Takes the label off the candidate. Without one the service may forget the version; it does so on its own, nobody can
 * ask for it. The current version loses nothing by it but the label.
 */
export async function discard(
  { call }: Connection,
  name: string,
  { rotationId, signal }: { readonly rotationId: string; readonly signal: AbortSignal },
): Promise<void> {
  const token = await candidateToken(name, rotationId)
  try {
    // Not asked before whether it is there, because an answer may be older than the label.
    await call("UpdateSecretVersionStage", labelOff(name, rotationLabel(token), token), signal)
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
