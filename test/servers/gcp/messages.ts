import type { Secret, Version } from "./state.ts"
import { type Timestamp, timestampOf } from "./time.ts"

/** google.cloud.secretmanager.v1.Secret, as far as the stand-in knows it. */
export interface SecretMessage {
  readonly name?: string
  readonly replication?: object
  readonly createTime?: Timestamp
  readonly labels?: Readonly<Record<string, string>>
  readonly topics?: readonly object[]
  readonly rotation?: object
  readonly expireTime?: Timestamp
  readonly ttl?: Partial<Timestamp>
  readonly etag?: string
  readonly versionAliases?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly versionDestroyTtl?: Partial<Timestamp>
}

/** google.cloud.secretmanager.v1.SecretVersion, likewise. */
export interface VersionMessage {
  readonly name: string
  readonly createTime: Timestamp
  readonly destroyTime?: Timestamp
  readonly scheduledDestroyTime?: Timestamp
  readonly state: Version["state"]
  readonly replicationStatus?: object
  readonly etag: string
  readonly clientSpecifiedPayloadChecksum?: boolean
}

/** The request of a call: each has the fields of its own. */
export interface Request {
  readonly name?: string
  readonly parent?: string
  readonly secretId?: string
  readonly secret?: SecretMessage
  readonly updateMask?: { readonly paths?: readonly string[] }
  readonly etag?: string
  readonly payload?: { readonly data?: Buffer; readonly dataCrc32c?: string }
  readonly pageSize?: number
  readonly pageToken?: string
  readonly filter?: string
}

/** A secret as it is answered: what is empty is left out, and no payload is ever in it. */
export function secretMessage(secret: Secret): SecretMessage {
  return {
    name: secret.name,
    createTime: timestampOf(secret.created),
    labels: secret.labels,
    annotations: secret.annotations,
    versionAliases: secret.aliases,
    topics: secret.topics,
    etag: secret.etag,
    ...(secret.replication && { replication: secret.replication }),
    ...(secret.rotation && { rotation: secret.rotation }),
    ...(secret.expires !== undefined && { expireTime: timestampOf(secret.expires) }),
    ...(secret.destroyTtl !== undefined && { versionDestroyTtl: timestampOf(secret.destroyTtl) }),
  }
}

/** A version as it is answered. */
export function versionMessage(secret: Secret, version: Version): VersionMessage {
  const { destroyed, destroyAt } = version
  return {
    name: versionName(secret, version),
    createTime: timestampOf(version.created),
    state: version.state,
    etag: version.etag,
    ...(secret.replication && { replicationStatus: statusOf(secret.replication) }),
    ...(version.checksumGiven && { clientSpecifiedPayloadChecksum: true }),
    ...(destroyed !== undefined && { destroyTime: timestampOf(destroyed) }),
    ...(destroyAt !== undefined && { scheduledDestroyTime: timestampOf(destroyAt) }),
  }
}

/** The whole name of a version. */
export function versionName(secret: Secret, version: Version): string {
  return `${secret.name}/versions/${version.number}`
}

function statusOf(replication: {
  userManaged?: { replicas?: ReadonlyArray<{ location?: string }> }
}): object {
  const replicas = replication.userManaged?.replicas
  if (replicas === undefined) return { automatic: {} }
  return { userManaged: { replicas: replicas.map(({ location }) => ({ location })) } }
}
