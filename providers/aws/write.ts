import {
  SecretError,
  type SecretValue,
  type ValueLimits,
  type VersionInfo,
  type WriteOptions,
} from "../../src/core/index.ts"
import { sweep, takeOff } from "./candidates.ts"
import type { Call, Connection } from "./client.ts"
import { wasRefused } from "./errors.ts"
import { AwsFailure, isNamed, noAnswer } from "./failure.ts"
import { candidateLabel } from "./labels.ts"
import { isArn, isVersionId } from "./names.ts"

/** "CreateSecret" in the AWS Secrets Manager API Reference: `SecretString` and `SecretBinary` have 1 to 65,536 bytes. */
export const VALUES: ValueLimits = { largest: 65_536, empty: false }

/** What a secret has from its beginning, beside its value. */
export interface NewSecret {
  readonly KmsKeyId?: string
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[]
}

/** The value, and the token that becomes its version's id. */
export interface Content {
  readonly ClientRequestToken: string
  readonly SecretString?: string
  readonly SecretBinary?: Uint8Array
}

/** Where and what is written. */
export interface Writing {
  readonly connection: Connection
  readonly name: string
  readonly content: Content
  readonly fresh: NewSecret
  readonly signal: AbortSignal
}

/**
 * Makes a value the current version, under a condition if there is one.
 *
 * @param fresh what a secret is created with that was not there.
 */
export async function writeSecret(
  connection: Connection,
  fresh: NewSecret,
  name: string,
  value: SecretValue,
  { expect, signal }: WriteOptions,
): Promise<VersionInfo> {
  // One for all steps of a write, so that a step that is taken again makes no second version.
  const content = contentOf(value, globalThis.crypto.randomUUID())
  const writing = { connection, name, content, fresh, signal }
  if (expect === undefined) return await createOrPut(writing)
  if (expect === "absent") return await create(writing)
  return await replace(writing, expect)
}

/** A value under the token that becomes the id of its version. */
export function contentOf(value: SecretValue, ClientRequestToken: string): Content {
  return {
    ClientRequestToken,
    ...(typeof value === "string" ? { SecretString: value } : { SecretBinary: value.slice() }),
  }
}

/**
 * There is no action that does either. Whoever finds the secret missing, and then there when he creates it, has met
 * another writer: now it is there to be put.
 */
async function createOrPut(writing: Writing): Promise<VersionInfo> {
  const put = async () => await putValue(writing)
  try {
    return await put()
  } catch (thrown) {
    if (!isNamed(thrown, "ResourceNotFoundException")) throw thrown
  }
  try {
    return await create(writing)
  } catch (thrown) {
    if (!isNamed(thrown, "ResourceExistsException")) throw thrown
  }
  return await put()
}

/** Creates the secret with a value. @throws AwsFailure or SecretError `CONFLICT` if there is one */
export async function create({ connection, name, content, fresh, signal }: Writing): Promise<VersionInfo> {
  if (isArn(name)) {
    throw new SecretError("UNSUPPORTED", {
      message: "a secret cannot be created by its ARN",
      hint: "create it in its account, under its name",
    })
  }
  return written(await connection.call("CreateSecret", { Name: name, ...content, ...fresh }, signal), content)
}

async function putValue(writing: Writing, ...VersionStages: readonly string[]): Promise<VersionInfo> {
  const { connection, name, content, signal } = writing
  const stages = VersionStages.length === 0 ? {} : { VersionStages }
  return written(
    await connection.call("PutSecretValue", { SecretId: name, ...content, ...stages }, signal),
    content,
  )
}

/**
 * Puts the value beside the current version, and then moves AWSCURRENT to it from the version that is expected to have
 * it: that is refused if another one does. A value that loses stays readable by its id until the service forgets it. A
 * writer who dies in between leaves a version behind that has a label of ours and nothing else.
 */
export async function replace(writing: Writing, expect: string): Promise<VersionInfo> {
  const { connection, name, content, signal } = writing
  if (!isVersionId(expect)) throw new SecretError("CONFLICT", { message: "no secret has that version" })
  const info = await putAside(writing)
  try {
    await connection.call(
      "UpdateSecretVersionStage",
      {
        SecretId: name,
        VersionStage: "AWSCURRENT",
        MoveToVersionId: info.version,
        RemoveFromVersionId: expect,
      },
      signal,
    )
    return info
  } finally {
    // Whatever became of the move: it needs no label, and neither does a version that has lost.
    takeOff(connection, name, content.ClientRequestToken)
  }
}

async function putAside(writing: Writing): Promise<VersionInfo> {
  const { connection, name, content, signal } = writing
  const put = async () => await putValue(writing, candidateLabel(content.ClientRequestToken))
  try {
    return await put().catch(async thrown => {
      const isFull = isNamed(thrown, "LimitExceededException")
      if (isFull && (await sweep(connection.call, name, signal))) return await put()
      throw thrown
    })
  } catch (thrown) {
    const failed = thrown instanceof AwsFailure
    // It may be there all the same, if nobody has said that it is not.
    if (!failed || !wasRefused(thrown)) takeOff(connection, name, content.ClientRequestToken)
    // The current version is what it was, whatever became of this one.
    throw failed ? thrown.withNothingChanged() : thrown
  }
}

/** Removes a secret. @param recoveryDays how long it can be brought back; `undefined` if it cannot. */
export async function deleteSecret(
  call: Call,
  name: string,
  recoveryDays: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (recoveryDays !== undefined) {
    await call("DeleteSecret", { SecretId: name, RecoveryWindowInDays: recoveryDays }, signal)
    return
  }
  // Deleting for good is answered with success whether there was such a secret or not.
  const { DeletedDate } = await call("DescribeSecret", { SecretId: name }, signal).catch(thrown => {
    throw thrown instanceof AwsFailure ? thrown.withNothingChanged() : thrown
  })
  if (DeletedDate !== undefined) {
    throw new SecretError("NOT_FOUND", {
      message: "the secret was deleted",
      hint: "aws secretsmanager delete-secret --force-delete-without-recovery frees its name",
    })
  }
  await call("DeleteSecret", { SecretId: name, ForceDeleteWithoutRecovery: true }, signal)
}

/** The token that was sent is the id of the version that was made: any other answer is not one to this request. */
function written(
  answer: { readonly VersionId?: string },
  { ClientRequestToken: version }: Content,
): VersionInfo {
  if (answer.VersionId !== version) throw noAnswer("PutSecretValue")
  return { version, current: true, readable: true }
}
