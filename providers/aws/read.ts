import {
  type ReadOptions,
  SecretError,
  type SecretInfo,
  type StoredSecret,
  type VersionInfo,
  valueOfBytes,
} from "../../src/core/index.ts"
import type { Actions, SecretAnswer } from "./actions.ts"
import type { Call } from "./client.ts"
import { errorOf } from "./errors.ts"
import { AwsFailure, failureInBatch, noAnswer } from "./failure.ts"
import { isOwnLabel } from "./labels.ts"
import { isVersionId } from "./names.ts"

/** How many items a page holds at most. */
const PAGE = 100

/**
 * The current version of a secret, or another one.
 *
 * @param stage the label that the current one has.
 */
export async function readSecret(
  call: Call,
  name: string,
  stage: string,
  { version, signal }: ReadOptions,
): Promise<StoredSecret> {
  if (version !== undefined && !isVersionId(version))
    throw new SecretError("NOT_FOUND", { message: "there is no such version" })
  // The label is said, though it is what the service assumes: policies may demand it (secretsmanager:VersionStage).
  const which = version === undefined ? { VersionStage: stage } : { VersionId: version }
  return storedSecret(await call("GetSecretValue", { SecretId: name, ...which }, signal))
}

/**
 * Many secrets at once, of each the current version. What was asked for under its name is answered with its name, what
 * was asked for under its ARN with that.
 */
export async function readSecrets(
  call: Call,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, StoredSecret | SecretError>> {
  const answers = new Map<string, StoredSecret | SecretError>()
  let page: string | undefined
  do {
    const input = { SecretIdList: names, ...(page !== undefined && { NextToken: page }) }
    const { SecretValues, Errors, NextToken } = await call("BatchGetSecretValue", input, signal)
    if (!Array.isArray(SecretValues) && !Array.isArray(Errors)) throw noAnswer("BatchGetSecretValue")
    for (const answer of SecretValues ?? []) {
      for (const name of names) {
        if (name === answer.Name || name === answer.ARN)
          answers.set(
            name,
            orError(() => storedSecret(answer)),
          )
      }
    }
    for (const error of Errors ?? []) {
      if (error.SecretId !== undefined) answers.set(error.SecretId, errorOf(failureInBatch(error)))
    }
    page = NextToken || undefined
  } while (page !== undefined)
  for (const name of names) {
    if (!answers.has(name)) answers.set(name, errorOf(noAnswer("BatchGetSecretValue")))
  }
  return answers
}

/**
 * All secrets whose names begin with a text, without those that were deleted, and without those of which no version has
 * the label of the current one.
 */
export async function* listSecrets(
  call: Call,
  stage: string,
  beginning: string | undefined,
  renamed: ReadonlySet<string>,
  signal: AbortSignal,
): AsyncGenerator<SecretInfo> {
  // A filter that begins with an exclamation mark means all that do not begin so.
  const filtered = beginning !== undefined && !beginning.startsWith("!") && !beginning.startsWith("arn:")
  const Filters = filtered ? [{ Key: "name" as const, Values: [beginning] }] : undefined
  let page: string | undefined
  do {
    const input = {
      MaxResults: PAGE,
      ...(Filters && { Filters }),
      ...(page !== undefined && { NextToken: page }),
    }
    const { SecretList, NextToken } = await call("ListSecrets", input, signal)
    for (const { ARN, Name, CreatedDate, SecretVersionsToStages } of SecretList) {
      const name = ARN !== undefined && renamed.has(ARN) ? ARN : Name
      if (name === undefined || hasNone(SecretVersionsToStages, stage)) continue
      yield { name, ...dateOf(CreatedDate) }
    }
    page = NextToken || undefined
  } while (page !== undefined)
}

/** Whether no version has a label; a secret that was never given a value has no current version. */
function hasNone(versions: Readonly<Record<string, readonly string[]>> | undefined, stage: string): boolean {
  return versions !== undefined && !Object.values(versions).some(stages => stages.includes(stage))
}

/**
 * The versions of a secret that are, or were, the current one, as far as the service still tells them from those that it
 * is about to forget. A version that only waits to become the current one is not among them: it may have no value yet,
 * or never come into force.
 */
export async function* listVersions(
  call: Call,
  name: string,
  stage: string,
  signal: AbortSignal,
): AsyncGenerator<VersionInfo> {
  const versions: VersionInfo[] = []
  for await (const { VersionId: version, VersionStages = [], CreatedDate } of eachVersion(
    call,
    name,
    signal,
  )) {
    const current = VersionStages.includes(stage)
    if (version === undefined || (!current && VersionStages.every(isWaiting))) continue
    const stages = VersionStages.filter(label => !isOwnLabel(label))
    versions.push({ version, current, readable: true, stages, ...dateOf(CreatedDate) })
  }
  yield* versions.sort(newestFirst)
}

/** The versions of a secret that have a label, as the service lists them. */
export async function* eachVersion(
  call: Call,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Actions["ListSecretVersionIds"]["answer"]["Versions"][number]> {
  let page: string | undefined
  do {
    const input = { SecretId: name, MaxResults: PAGE, ...(page !== undefined && { NextToken: page }) }
    const { Versions, NextToken } = await call("ListSecretVersionIds", input, signal)
    yield* Versions
    page = NextToken || undefined
  } while (page !== undefined)
}

/** Whether a label stands on a version that waits: for the end of a rotation, AWS's own or ours, or of a conditional write. */
function isWaiting(stage: string): boolean {
  return stage === "AWSPENDING" || isOwnLabel(stage)
}

function newestFirst(one: VersionInfo, other: VersionInfo): number {
  const apart = (other.createdAt?.getTime() ?? 0) - (one.createdAt?.getTime() ?? 0)
  // Dates are given in whole seconds by some, and then only this is certain.
  return apart === 0 ? Number(other.current) - Number(one.current) : apart
}

/** One name's answer that is none is an error of that name only. */
function orError(read: () => StoredSecret): StoredSecret | SecretError {
  try {
    return read()
  } catch (thrown) {
    if (thrown instanceof AwsFailure) return errorOf(thrown)
    throw thrown
  }
}

/** Makes sure that an answer is one: an empty text is a value, a text that is missing is a fault. */
export function storedSecret(answer: Partial<SecretAnswer>): StoredSecret {
  const { SecretString: text, SecretBinary: bytes, VersionId: version, CreatedDate } = answer
  const value =
    typeof text === "string" ? text : bytes instanceof Uint8Array ? valueOfBytes(bytes) : undefined
  if (value === undefined || typeof version !== "string" || version === "") throw noAnswer("GetSecretValue")
  return { value, version, ...dateOf(CreatedDate) }
}

function dateOf(date: unknown): { readonly createdAt?: Date } {
  return date instanceof Date && !Number.isNaN(date.getTime()) ? { createdAt: date } : {}
}
