import type { KnownFailure } from "../../src/core/index.ts"
import type { Asked } from "./failure.ts"
import { shell } from "./names.ts"

/** Where a store is, as far as its hints need it. */
export interface Place {
  /** The host of the server, with its port. */
  readonly host: string
  readonly mount: string
  /** The version of the key-value engine; `undefined` if it is another engine, or nobody knows yet. */
  readonly kv?: 1 | 2 | undefined
}

/** What to write into a policy, for what was refused. */
export function permissionFor({ path, does }: Asked, operation: string): string {
  const needs = `path "${path}" { capabilities = [${capabilitiesFor(does, operation)}] }`
  return `a policy of this identity needs: ${needs}; docs/permissions.md has all of them`
}

/** The operations that may make a secret and not only change it. */
const CREATES: ReadonlySet<string> = new Set(["write", "rotation.save", "rotation.park", "rotation.promote"])

function capabilitiesFor(does: Asked["does"], operation: string): string {
  if (operation === "delete") return '"read", "delete"'
  if (CREATES.has(operation) && does === "change") return '"create", "update"'
  switch (does) {
    case "change":
      return '"update"'
    case "read version":
      return '"read"'
    default:
      return `"${does}"`
  }
}

/** What to say of a secret that is not there: where it was looked for, and how it comes there. */
export function nothingAt({ path, does }: Asked, { mount, kv }: Place): KnownFailure {
  if (kv === undefined) {
    const hint = "the name is a path of the engine that makes credentials, below the mount: creds/<role>"
    return { code: "NOT_FOUND", message: `there is nothing at ${path}`, hint }
  }
  const below = path.slice(mount.length + 1)
  const name = kv === 2 ? below.replace(/^(?:meta)?data\//, "") : below
  const at = `-mount=${shell(mount)}`
  if (does === "read version") {
    const hint = `vault kv metadata get ${at} ${shell(name)} shows its versions`
    return { code: "NOT_FOUND", message: `there is no such version at ${path}`, hint }
  }
  const folder = name.slice(0, name.lastIndexOf("/") + 1)
  const list = `vault kv list ${at}${folder === "" ? "" : ` ${shell(folder)}`}`
  const hint = `vault kv put ${at} ${shell(name)} value=… writes it; ${list} shows what is there`
  return { code: "NOT_FOUND", message: `there is no secret at ${path}`, hint }
}
