import { type Answer, badParameter } from "./answers.ts"
import { backupOf, restoredFrom } from "./backup.ts"
import { type Asked, page } from "./paging.ts"
import type { Permission, Permissions } from "./permissions.ts"
import { current, deletedItem, item, type SecretState, type Settings, type VersionState } from "./secret.ts"
import { LARGEST, type Vault } from "./vault.ts"

/** A request of which is known whose it is. */
export interface Call extends Asked {
  readonly method: string
  readonly identity: string
  readonly body: string
}

/** What the routes work on. */
export interface Scene {
  readonly vault: Vault
  readonly permissions: Permissions
  /** How long a write lasts. */
  readonly meanwhile: () => Promise<void>
}

/** Carries out a request. */
export async function routed(call: Call, scene: Scene): Promise<Answer> {
  checkVersion(call.query)
  const [collection, name, rest, ...more] = call.path.slice(1).split("/").map(decoded)
  if (more.length > 0) throw badParameter("The request URI contains too many segments")
  if (collection === "secrets") return await ofSecrets(call, scene, name, rest)
  if (collection === "deletedsecrets") return ofDeleted(call, scene, name, rest)
  throw badParameter("The request URI names no collection of this service")
}

async function ofSecrets(call: Call, scene: Scene, name = "", rest?: string): Promise<Answer> {
  const { vault } = scene
  const may = (permission: Permission, about?: string) =>
    scene.permissions.check(call.identity, permission, about)
  const host = `https://${call.host}`

  if (name === "") {
    if (call.method !== "GET") throw methodNotAllowed(call)
    may("list")
    const written = (secret: SecretState) => item(secret, current(secret), `${host}/secrets/${secret.name}`)
    return { status: 200, body: page(vault.live(), keyOfSecret, written, call) }
  }
  if (call.method === "POST" && name === "restore" && rest === undefined) {
    may("restore")
    const secret = restoredFrom(String(fieldsOf(call.body).value ?? ""))
    vault.restore(secret)
    return { status: 200, body: item(secret, current(secret), idOf(host, secret, current(secret))) }
  }
  checkName(name)

  switch (`${call.method} ${rest === "versions" || rest === "backup" ? rest : ""}`) {
    case "GET versions": {
      may("list", name)
      const secret = vault.find(name)
      // By id, which says nothing about age: the service lists versions in no order.
      const versions = secret.versions.toSorted((a, b) => (a.id < b.id ? -1 : 1))
      const written = (held: VersionState) => item(secret, held, idOf(host, secret, held))
      return { status: 200, body: page(versions, held => held.id, written, call) }
    }
    case "POST backup":
      may("backup", name)
      return { status: 200, body: { value: backupOf(vault.find(name)) } }
    case "GET ": {
      may("get", name)
      const { secret, held } = vault.read(name, rest ?? "")
      return { status: 200, body: bundle(host, secret, held) }
    }
    case "PUT ": {
      may("set", name)
      const fields = fieldsOf(call.body)
      const value = givenValue(fields)
      const { secret, held } = await vault.write(name, value, settingsOf(fields), scene.meanwhile)
      return { status: 200, body: bundle(host, secret, held) }
    }
    case "PATCH ": {
      may("set", name)
      const { secret, held } = vault.findVersion(name, rest ?? "")
      vault.change(held, settingsOf(fieldsOf(call.body)))
      return { status: 200, body: item(secret, held, idOf(host, secret, held)) }
    }
    case "DELETE ": {
      may("delete", name)
      const secret = vault.delete(name)
      return { status: 200, body: deletedItem(secret, idOf(host, secret, current(secret)), host) }
    }
    default:
      throw methodNotAllowed(call)
  }
}

function ofDeleted(call: Call, { vault, permissions }: Scene, name = "", rest?: string): Answer {
  const may = (permission: Permission, about?: string) => permissions.check(call.identity, permission, about)
  const host = `https://${call.host}`

  if (name === "") {
    if (call.method !== "GET") throw methodNotAllowed(call)
    may("list")
    const written = (secret: SecretState) => deletedItem(secret, `${host}/secrets/${secret.name}`, host)
    return { status: 200, body: page(vault.deleted(), keyOfSecret, written, call) }
  }
  checkName(name)

  switch (`${call.method} ${rest ?? ""}`) {
    case "GET ": {
      may("get", name)
      const secret = vault.findDeleted(name)
      return { status: 200, body: deletedItem(secret, idOf(host, secret, current(secret)), host) }
    }
    case "DELETE ":
      may("purge", name)
      vault.purge(name)
      return { status: 204 }
    case "POST recover": {
      may("recover", name)
      const secret = vault.recover(name)
      return { status: 200, body: item(secret, current(secret), idOf(host, secret, current(secret))) }
    }
    default:
      throw methodNotAllowed(call)
  }
}

function bundle(host: string, secret: SecretState, held: VersionState): Record<string, unknown> {
  return { value: held.value, ...item(secret, held, idOf(host, secret, held)) }
}

function idOf(host: string, secret: SecretState, held: VersionState): string {
  return `${host}/secrets/${secret.name}/${held.id}`
}

const keyOfSecret = (secret: SecretState): string => secret.name.toLowerCase()

const API_VERSION = /^(?:2016-10-01|7\.\d(?:-preview(?:\.\d)?)?|20\d\d-\d\d-\d\d(?:-preview(?:\.\d)?)?)$/

function checkVersion(query: URLSearchParams): void {
  const version = query.get("api-version")
  if (version === null) throw badParameter("api-version must be specified")
  if (!API_VERSION.test(version)) throw badParameter(`The specified version (${version}) is not recognized`)
}

function checkName(name: string): void {
  if (!/^[0-9a-zA-Z-]{1,127}$/.test(name))
    throw badParameter(`The request URI contains an invalid name: ${name}`)
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw badParameter("The request URI is not well formed")
  }
}

function fieldsOf(body: string): Record<string, unknown> {
  if (body === "") throw badParameter("Request body not specified")
  try {
    const fields: unknown = JSON.parse(body)
    if (typeof fields === "object" && fields !== null) return fields as Record<string, unknown>
  } catch {
    // What is no JSON is refused like JSON that is no object.
  }
  throw badParameter("The request body is not a JSON object")
}

function givenValue({ value }: Record<string, unknown>): string {
  if (typeof value !== "string") throw badParameter("Property value is missing or no text")
  if (value.length <= LARGEST) return value
  throw badParameter(
    `Secret is beyond the maximum permitted length of ${LARGEST} characters.`,
    "SecretTooLarge",
  )
}

function settingsOf({ contentType, tags, attributes }: Record<string, unknown>): Settings {
  const { enabled, nbf, exp } = (attributes ?? {}) as Record<string, unknown>
  const given = Object.entries({ contentType, tags, enabled, nbf, exp }).filter(
    ([, one]) => one !== undefined,
  )
  for (const [name, one] of given)
    if (!FORMS[name]?.(one)) throw badParameter(`Property ${name} has an invalid value`)
  return Object.fromEntries(given) as Settings
}

const FORMS: Readonly<Record<string, (given: unknown) => boolean>> = {
  contentType: given => typeof given === "string",
  tags: given => typeof given === "object" && given !== null && !Array.isArray(given),
  enabled: given => typeof given === "boolean",
  nbf: Number.isInteger,
  exp: Number.isInteger,
}

function methodNotAllowed({ method }: Call): Error {
  return badParameter(`Method ${method} does not allow operation on this resource`)
}
