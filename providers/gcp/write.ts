import { SecretError, type VersionInfo } from "../../src/core/index.ts"
import type { Connection } from "./connection.ts"
import { isStatus, isUndone } from "./errors.ts"
import { type ResourceNames, versionIn } from "./names.ts"
import { dateOf, type GcpNewSecret, type GcpSecret, type GcpVersion } from "./sdk.ts"
import { asStep } from "./step.ts"

/** Where and how is written. */
export interface Writing {
  readonly connection: Connection
  readonly resources: ResourceNames
  /** The alias that a write moves; `undefined` where the newest version is the current one. */
  readonly alias: string | undefined
  /** How new secrets are made. */
  readonly made: GcpNewSecret
  /**
   * By their ids, the secrets that this store has made and whose first version was then refused. To it, and to nobody
   * else, they are still absent: whoever else finds one cannot tell it from one that is just about to be filled.
   */
  readonly unfilled: Map<string, GcpSecret>
}

interface Payload {
  readonly data: Uint8Array
  readonly dataCrc32c: number
}

/**
 * Adds a version, to a secret that is made where it is missing, and lets the alias point to it.
 *
 * With `expect: "absent"` the making of the secret elects who writes: of several, one succeeds in it. If its version is
 * refused then, it may try again. Whoever is interrupted leaves a secret without versions, which reads as `NOT_FOUND` and
 * is no longer absent.
 *
 * @throws what the SDK threw; FailedStep; SecretError `CONFLICT`, `UNAVAILABLE`, `UNSUPPORTED`
 */
export async function writeVersion(
  writing: Writing,
  id: string,
  payload: Payload,
  { absent, signal }: { readonly absent: boolean; readonly signal: AbortSignal },
): Promise<VersionInfo> {
  const { alias, unfilled } = writing
  let empty = unfilled.get(id)
  // Taken away, so that of several writes at once only one has it.
  unfilled.delete(id)
  let isSent = false
  let version: GcpVersion
  let secret: GcpSecret | undefined
  try {
    // Read before the version is added, so that the etag covers all that happens meanwhile: adding does not change it.
    secret = absent
      ? await absentSecret(writing, id, empty, signal)
      : await secretForAlias(writing, id, signal)
    if (absent) empty = secret
    if (alias !== undefined && !secret?.etag) throw withoutEtag()
    isSent = true
    version = await added(writing, id, payload, secret === undefined, signal)
  } catch (thrown) {
    if (empty !== undefined && (!isSent || isUndone(thrown))) unfilled.set(id, empty)
    throw thrown
  }
  const number = versionIn(version.name, id)
  if (number === undefined) throw unreadable()
  if (alias !== undefined && secret !== undefined) {
    await pointed(writing, alias, { ...secret, number }, id, signal)
  }
  const createdAt = dateOf(version.createTime)
  return { version: number, current: true, readable: true, ...(createdAt && { createdAt }) }
}

/** Makes the secret, unless it is one that this store has made before, and that is still empty. */
async function absentSecret(
  writing: Writing,
  id: string,
  empty: GcpSecret | undefined,
  signal: AbortSignal,
): Promise<GcpSecret> {
  try {
    return await created(writing, id, signal)
  } catch (thrown) {
    if (empty === undefined || !isStatus(thrown, "ALREADY_EXISTS")) throw thrown
    const { connection, resources } = writing
    const request = { parent: resources.secret(id), pageSize: 1, pageToken: "" }
    const listed = connection.call(signal, (client, options) => client.listSecretVersions(request, options))
    const [versions] = await asStep("versions", listed)
    if (versions.length > 0) throw thrown
    return empty
  }
}

/** The secret as it was before, if an alias of it is to be moved. */
async function secretForAlias(
  writing: Writing,
  id: string,
  signal: AbortSignal,
): Promise<GcpSecret | undefined> {
  if (writing.alias === undefined) return undefined
  try {
    return await secretAsIs(writing, id, signal)
  } catch (thrown) {
    if (!isStatus(thrown, "NOT_FOUND")) throw thrown
    return await createdByAnybody(writing, id, signal)
  }
}

async function secretAsIs(
  { connection, resources }: Writing,
  id: string,
  signal: AbortSignal,
): Promise<GcpSecret> {
  const name = resources.secret(id)
  const asked = connection.call(signal, (client, options) => client.getSecret({ name }, options))
  const [secret] = await asStep("get", asked)
  return secret
}

async function created(
  { connection, resources, made }: Writing,
  id: string,
  signal: AbortSignal,
): Promise<GcpSecret> {
  const request = { parent: resources.parent, secretId: id, secret: made }
  const asked = connection.call(signal, (client, options) => client.createSecret(request, options))
  const [secret] = await asStep("create", asked)
  return secret
}

/** For those who do not mind who made it. */
async function createdByAnybody(writing: Writing, id: string, signal: AbortSignal): Promise<GcpSecret> {
  try {
    return await created(writing, id, signal)
  } catch (thrown) {
    if (!isStatus(thrown, "ALREADY_EXISTS")) throw thrown
    return await secretAsIs(writing, id, signal)
  }
}

async function added(
  writing: Writing,
  id: string,
  payload: Payload,
  mayBeMissing: boolean,
  signal: AbortSignal,
): Promise<GcpVersion> {
  const { connection, resources } = writing
  const add = async (): Promise<GcpVersion> => {
    const request = { parent: resources.secret(id), payload }
    const [version] = await connection.call(signal, (client, options) =>
      client.addSecretVersion(request, options),
    )
    return version
  }
  if (mayBeMissing) {
    try {
      return await add()
    } catch (thrown) {
      if (!isStatus(thrown, "NOT_FOUND")) throw thrown
    }
    await createdByAnybody(writing, id, signal)
  }
  try {
    return await add()
  } catch (thrown) {
    if (!isStatus(thrown, "NOT_FOUND")) throw thrown
    throw new SecretError("CONFLICT", {
      message: "somebody removed the secret while it was written",
      hint: "write it again",
    })
  }
}

/** Lets the alias point to a version, unless somebody has changed the secret since. Once: who was slower is told. */
async function pointed(
  { connection, resources }: Writing,
  alias: string,
  { etag, versionAliases, number }: GcpSecret & { readonly number: string },
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const before = Object.entries(versionAliases ?? {}).map(([name, version]) => [name, String(version)])
  const request = {
    secret: {
      name: resources.secret(id),
      etag: etag ?? "",
      versionAliases: { ...Object.fromEntries(before), [alias]: number },
    },
    updateMask: { paths: ["version_aliases"] },
  }
  const asked = connection.call(signal, (client, options) => client.updateSecret(request, options))
  await asStep("alias", asked, number)
}

/** An empty one would move the alias whatever has happened meanwhile. */
function withoutEtag(): SecretError {
  return new SecretError("UNSUPPORTED", {
    message: "the secret has no etag, without which an alias cannot be moved safely",
    hint: "this is not how the service answers; with an emulator, leave version= out of the URL (version in code)",
  })
}

function unreadable(): SecretError {
  return new SecretError("UNAVAILABLE", {
    message: "the answer names no version of this secret",
    outcome: "unknown",
    hint: "read the secret to see what became of it",
  })
}
