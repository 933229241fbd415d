import { Failure } from "./failure.ts"
import { type Request, type SecretMessage, secretMessage } from "./messages.ts"
import { isSecretId, type ResourceName } from "./names.ts"
import { type ChangeableFields, changedFields } from "./secret-fields.ts"
import type { State } from "./state.ts"
import { etagOf } from "./time.ts"

/** CreateSecret. */
export function createSecret(state: State, parent: ResourceName, request: Request): SecretMessage {
  const { secretId = "", secret: given = {} } = request
  if (!isSecretId(secretId)) {
    throw new Failure(
      "INVALID_ARGUMENT",
      `The provided Secret ID [${secretId}] does not match the expected format [[a-zA-Z_0-9-]{1,255}].`,
    )
  }
  const name: ResourceName = { ...parent, secret: secretId }
  if (state.find(name) !== undefined) {
    throw new Failure("ALREADY_EXISTS", `Secret [${state.secretNameOf(name)}] already exists.`)
  }
  const replication = replicationOf(parent, given)
  const paths = Object.keys(FIRST_FIELDS).filter(path => given[FIRST_FIELDS[path] ?? "name"] !== undefined)
  const fields: Partial<ChangeableFields> = changedFields(given, paths, state.clock.now())
  if (fields.aliases && Object.keys(fields.aliases).length > 0) refuseAliases(fields.aliases, [])
  return secretMessage(state.create(name, { ...fields, replication }))
}

/** GetSecret. */
export function getSecret(state: State, name: ResourceName): SecretMessage {
  const secret = state.told(name)
  if (secret === undefined) throw new Failure("NOT_FOUND", `Secret [${state.secretNameOf(name)}] not found.`)
  return secretMessage(secret)
}

/** UpdateSecret: the fields that the mask names, if the etag in the sent secret is the one that is stored, or absent. */
export function updateSecret(state: State, name: ResourceName, request: Request): SecretMessage {
  const secret = state.get(name)
  const paths = request.updateMask?.paths ?? []
  if (paths.length === 0) throw new Failure("INVALID_ARGUMENT", "Field [update_mask] is required.")
  const fields = changedFields(request.secret ?? {}, paths, state.clock.now())
  if (fields.aliases) {
    refuseAliases(
      fields.aliases,
      secret.versions.map(({ number }) => String(number)),
    )
  }
  refuseOtherEtag(state, secret.etag, request.secret?.etag)
  Object.assign(secret, fields, { etag: etagOf(state.clock.tick()) })
  return secretMessage(secret)
}

/** DeleteSecret: at once, and with all its versions. */
export function deleteSecret(state: State, name: ResourceName, request: Request): object {
  const secret = state.get(name)
  refuseOtherEtag(state, secret.etag, request.etag)
  state.delete(secret)
  return {}
}

/** @throws Failure if a precondition was sent that does not hold. */
export function refuseOtherEtag(state: State, stored: string, sent: string | undefined): void {
  if (sent === undefined || sent === "" || sent === stored) return
  throw new Failure(state.etagMismatch, `The etag [${sent}] does not match the etag of the stored resource.`)
}

/** What can be given with a new secret, by its name in a field mask. */
const FIRST_FIELDS: Readonly<Record<string, keyof SecretMessage>> = {
  labels: "labels",
  annotations: "annotations",
  version_aliases: "versionAliases",
  topics: "topics",
  rotation: "rotation",
  expire_time: "expireTime",
  ttl: "ttl",
  version_destroy_ttl: "versionDestroyTtl",
}

function replicationOf(
  { location }: ResourceName,
  { replication }: SecretMessage,
): SecretMessage["replication"] {
  if (location !== undefined) {
    if (replication === undefined) return undefined
    throw new Failure("INVALID_ARGUMENT", "Field [secret.replication] must not be set on a regional secret.")
  }
  const { automatic, userManaged } = (replication ?? {}) as { automatic?: object; userManaged?: object }
  if (automatic !== undefined) return { automatic }
  if (userManaged !== undefined) return { userManaged }
  throw new Failure("INVALID_ARGUMENT", "Field [secret.replication] is required.")
}

function refuseAliases(aliases: Readonly<Record<string, string>>, versions: readonly string[]): void {
  const missing = Object.values(aliases).find(version => !versions.includes(version))
  if (missing !== undefined) {
    throw new Failure("INVALID_ARGUMENT", `Version [${missing}] of an alias does not exist.`)
  }
}
