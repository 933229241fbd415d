import { crc32c } from "./checksum.ts"
import { Failure } from "./failure.ts"
import { type Request, type VersionMessage, versionMessage, versionName } from "./messages.ts"
import type { ResourceName } from "./names.ts"
import { refuseOtherEtag } from "./secrets.ts"
import type { Secret, State, Version } from "./state.ts"

/** "64 KiB", from the page "Quotas and limits" of Secret Manager. */
const LARGEST_PAYLOAD = 64 * 1024

/** AddSecretVersion. */
export function addVersion(state: State, name: ResourceName, { payload }: Request): VersionMessage {
  if (payload === undefined) throw new Failure("INVALID_ARGUMENT", "Field [payload] is required.")
  const { data = Buffer.alloc(0), dataCrc32c } = payload
  if (data.length === 0) throw new Failure("INVALID_ARGUMENT", "Secret Payload cannot be empty.")
  if (data.length > LARGEST_PAYLOAD) {
    throw new Failure("INVALID_ARGUMENT", `The payload is larger than ${LARGEST_PAYLOAD} bytes.`)
  }
  if (dataCrc32c !== undefined && dataCrc32c !== String(crc32c(data))) {
    throw new Failure("INVALID_ARGUMENT", "Field [payload.data_crc32c] does not match the payload.")
  }
  const secret = state.get(name)
  return versionMessage(secret, state.addVersion(secret, data, dataCrc32c !== undefined))
}

/** GetSecretVersion. */
export function getVersion(state: State, name: ResourceName): VersionMessage {
  const { secret, version } = found(state, name)
  return versionMessage(secret, version)
}

/** What AccessSecretVersion gives. */
export interface Accessed {
  readonly name: string
  readonly payload: { readonly data: Buffer; readonly dataCrc32c: string }
}

/** AccessSecretVersion: `latest` is the newest that was created, whatever its state. */
export function accessVersion(state: State, name: ResourceName): Accessed {
  const { secret, version } = found(state, name)
  const { data } = version
  if (version.state !== "ENABLED" || data === undefined) throw inState(secret, version)
  return { name: versionName(secret, version), payload: { data, dataCrc32c: String(crc32c(data)) } }
}

/** EnableSecretVersion and DisableSecretVersion: asking for the state that is there is no error. */
export function switchVersion(
  state: State,
  name: ResourceName,
  { etag }: Request,
  wanted: "ENABLED" | "DISABLED",
): VersionMessage {
  const { secret, version } = numbered(state, name)
  refuseOtherEtag(state, version.etag, etag)
  if (version.state === "DESTROYED") throw inState(secret, version)
  state.changeVersion(version, wanted)
  return versionMessage(secret, version)
}

/** DestroySecretVersion: at once, or, where the secret has a `version_destroy_ttl`, disabled now and destroyed then. */
export function destroyVersion(state: State, name: ResourceName, { etag }: Request): VersionMessage {
  const { secret, version } = numbered(state, name)
  refuseOtherEtag(state, version.etag, etag)
  if (version.state === "DESTROYED") throw inState(secret, version)
  if (secret.destroyTtl === undefined) {
    state.changeVersion(version, "DESTROYED")
  } else {
    state.changeVersion(version, "DISABLED")
    version.destroyAt = state.clock.now() + secret.destroyTtl
  }
  return versionMessage(secret, version)
}

interface Found {
  readonly secret: Secret
  readonly version: Version
}

/** The version of a name: by number, alias or `latest`. */
function found(state: State, name: ResourceName): Found {
  const isNumber = /^\d+$/.test(name.version)
  const secret = isNumber ? state.find(name) : state.told(name)
  if (name.version === "latest") {
    const version = secret?.versions.at(-1)
    if (secret === undefined || version === undefined) {
      throw notFound(`Secret [${state.secretNameOf(name)}] not found or has no versions.`)
    }
    return { secret, version }
  }
  const wanted = secret?.aliases[name.version] ?? name.version
  const version = secret?.versions.find(({ number }) => String(number) === wanted)
  if (secret === undefined || version === undefined) {
    throw new Failure("NOT_FOUND", `Secret Version [${askedVersion(state, name)}] not found.`)
  }
  return { secret, version }
}

/** Aliases are for reading only, says resources.proto. */
function numbered(state: State, name: ResourceName): Found {
  if (!/^\d+$/.test(name.version)) {
    throw new Failure("INVALID_ARGUMENT", `Resource ID [${name.asked}] is not in a valid format.`)
  }
  return found(state, name)
}

function askedVersion(state: State, name: ResourceName): string {
  return `${state.secretNameOf(name)}/versions/${name.version}`
}

function notFound(message: string): Failure {
  const detail = `[ORIGINAL ERROR] generic::not_found: ${message}`
  return new Failure("NOT_FOUND", message, [{ type: "DebugInfo", detail }])
}

function inState(secret: Secret, version: Version): Failure {
  const name = versionName(secret, version)
  return new Failure("FAILED_PRECONDITION", `Secret Version [${name}] is in ${version.state} state.`)
}
