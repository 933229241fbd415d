import { SecretError, type SecretValue, type ValueLimits, type VersionInfo } from "../../src/core/index.ts"
import type { Call } from "./actions.ts"
import { AwsFailure, noAnswer } from "./failure.ts"
import { isArn, isVersionId } from "./names.ts"

/** "CreateSecret" in the AWS Secrets Manager API Reference: `SecretString` and `SecretBinary` have 1 to 65,536 bytes. */
export const VALUES: ValueLimits = { largest: 65_536, empty: false }

/**
 * What the label of a version begins with that is on its way to become the current one under a condition. Each writer
 * has a label of its own, because a label stands on one version at a time, and a version that loses it to another
 * writer is one that the service may forget.
 */
export const CANDIDATE = "latchkey-candidate-"

/** The value, and the token that becomes its version's id. */
interface Content {
  readonly ClientRequestToken: string
  readonly SecretString?: string
  readonly SecretBinary?: Uint8Array
}

/** Makes a value the current version, under a condition if there is one. */
export async function writeSecret(
  call: Call,
  name: string,
  value: SecretValue,
  expect: string | undefined,
  signal: AbortSignal,
): Promise<VersionInfo> {
  const content: Content = {
    // One for all steps of a write, so that a step that is taken again makes no second version.
    ClientRequestToken: globalThis.crypto.randomUUID(),
    ...(typeof value === "string" ? { SecretString: value } : { SecretBinary: value.slice() }),
  }
  if (expect === undefined) return await createOrPut(call, name, content, signal)
  if (expect === "absent") return await create(call, name, content, signal)
  return await replace(call, name, content, expect, signal)
}

/**
 * There is no action that does either. Whoever finds the secret missing, and then there when he creates it, has met
 * another writer: now it is there to be put.
 */
async function createOrPut(
  call: Call,
  name: string,
  content: Content,
  signal: AbortSignal,
): Promise<VersionInfo> {
  const put = async () =>
    written(await call("PutSecretValue", { SecretId: name, ...content }, signal), content)
  try {
    return await put()
  } catch (thrown) {
    if (!isNamed(thrown, "ResourceNotFoundException")) throw thrown
  }
  try {
    return await create(call, name, content, signal)
  } catch (thrown) {
    if (!isNamed(thrown, "ResourceExistsException")) throw thrown
  }
  return await put()
}

async function create(call: Call, name: string, content: Content, signal: AbortSignal): Promise<VersionInfo> {
  if (isArn(name)) {
    throw new SecretError("UNSUPPORTED", {
      message: "a secret cannot be created by its ARN",
      hint: "create it in its account, under its name",
    })
  }
  return written(await call("CreateSecret", { Name: name, ...content }, signal), content)
}

/**
 * Puts the value beside the current version, and then moves AWSCURRENT to it from the version that is expected to have
 * it: that is refused if another one does. A value that loses stays readable by its id until the service forgets it. A
 * writer who dies in between leaves a version behind that has a label of ours and nothing else.
 */
async function replace(
  call: Call,
  name: string,
  content: Content,
  expect: string,
  signal: AbortSignal,
): Promise<VersionInfo> {
  if (!isVersionId(expect)) throw new SecretError("CONFLICT", { message: "no secret has that version" })
  const label = CANDIDATE + content.ClientRequestToken
  let info: VersionInfo
  try {
    info = written(
      await call("PutSecretValue", { SecretId: name, ...content, VersionStages: [label] }, signal),
      content,
    )
  } catch (thrown) {
    // The current version is what it was, whatever became of this one.
    throw thrown instanceof AwsFailure ? thrown.withNothingChanged() : thrown
  }
  const { version } = info
  const move = {
    SecretId: name,
    VersionStage: "AWSCURRENT",
    MoveToVersionId: version,
    RemoveFromVersionId: expect,
  }
  const tidyUp = async () => await takeOff(call, name, label, version, signal)
  try {
    await call("UpdateSecretVersionStage", move, signal)
  } catch (thrown) {
    if (isNamed(thrown, "InvalidParameterException")) await tidyUp()
    throw thrown
  }
  await tidyUp()
  return info
}

/** Takes a label off, so that the service may forget the version once it is not needed. */
async function takeOff(
  call: Call,
  name: string,
  label: string,
  version: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await call(
      "UpdateSecretVersionStage",
      { SecretId: name, VersionStage: label, RemoveFromVersionId: version },
      signal,
    )
  } catch (thrown) {
    // Whether the write won or lost is settled, and is what the caller has to know.
    if (!(thrown instanceof AwsFailure)) throw thrown
  }
}

/** The token that was sent is the id of the version that was made: any other answer is not one to this request. */
function written(
  answer: { readonly VersionId?: string },
  { ClientRequestToken: version }: Content,
): VersionInfo {
  if (answer.VersionId !== version) throw noAnswer("PutSecretValue")
  return { version, current: true, readable: true }
}

function isNamed(thrown: unknown, name: string): boolean {
  return thrown instanceof AwsFailure && thrown.known.sent && thrown.known.errorName === name
}
