import { SecretError, type VersionInfo } from "../../src/core/index.ts"
import type { Connection } from "./connection.ts"
import { isStatus } from "./errors.ts"
import type { ResourceNames } from "./names.ts"
import { dateOf, type GcpReplication, type GcpSecret, type GcpVersion, numberIn } from "./sdk.ts"

/** Where and how is written. */
export interface Writing {
  readonly connection: Connection
  readonly resources: ResourceNames
  /** The alias that a write moves; `undefined` where the newest version is the current one. */
  readonly alias: string | undefined
  /** Where the values of new secrets are kept; `undefined` for regional ones, which say it by their name. */
  readonly replication: GcpReplication | undefined
}

interface Payload {
  readonly data: Uint8Array
  readonly dataCrc32c: number
}

/**
 * Adds a version, to a secret that is made where it is missing, and lets the alias point to it.
 *
 * With `expect: "absent"` the making of the secret elects who writes: of several, one succeeds in it. Whoever is
 * interrupted after it leaves a secret without versions, which reads as `NOT_FOUND` and is no longer absent.
 *
 * @throws what the SDK threw; SecretError `CONFLICT`, `UNAVAILABLE`
 */
export async function writeVersion(
  writing: Writing,
  id: string,
  payload: Payload,
  options: { readonly absent: boolean; readonly signal: AbortSignal },
): Promise<VersionInfo> {
  const { signal } = options
  // Read before the version is added, so that the etag covers all that happens meanwhile: adding does not change it.
  const secret = await secretFor(writing, id, options)
  const version = await added(writing, id, payload, secret === undefined, signal)
  const number = numberIn(version.name)
  if (number === undefined) throw unreadable()
  if (writing.alias !== undefined && secret !== undefined) {
    await pointed(writing, writing.alias, { ...secret, number }, id, signal)
  }
  const createdAt = dateOf(version.createTime)
  return { version: number, current: true, readable: true, ...(createdAt && { createdAt }) }
}

/** The secret as it was before, if that must be known: for the alias, or to see that we made it. */
async function secretFor(
  writing: Writing,
  id: string,
  { absent, signal }: { readonly absent: boolean; readonly signal: AbortSignal },
): Promise<GcpSecret | undefined> {
  if (absent) return await created(writing, id, signal)
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
  const [secret] = await connection.call(signal, (client, options) => client.getSecret({ name }, options))
  return secret
}

async function created(
  { connection, resources, replication }: Writing,
  id: string,
  signal: AbortSignal,
): Promise<GcpSecret> {
  const request = { parent: resources.parent, secretId: id, secret: replication ? { replication } : {} }
  const [secret] = await connection.call(signal, (client, options) => client.createSecret(request, options))
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
  try {
    await connection.call(signal, (client, options) => client.updateSecret(request, options))
  } catch (thrown) {
    if (!isStatus(thrown, "ETAG")) throw thrown
    throw new SecretError("CONFLICT", {
      message:
        "somebody changed the secret meanwhile: the version was added, and the alias does not point to it",
      hint: "read the secret, and write again if it is not what you want",
    })
  }
}

function unreadable(): SecretError {
  return new SecretError("UNAVAILABLE", {
    message: "the answer names no version",
    outcome: "unknown",
    hint: "read the secret to see what became of it",
  })
}
