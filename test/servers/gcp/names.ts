import { Failure } from "./failure.ts"

/** A resource that a client named. */
export interface ResourceName {
  /** As it was written. */
  readonly asked: string
  /** Id or number of the project, as it was written. */
  readonly project: string
  /** The location of a regional resource. */
  readonly location: string | undefined
  readonly secret: string
  readonly version: string
}

const NAME =
  /^projects\/(?<project>[^/]+)(?:\/locations\/(?<location>[a-z0-9-]+))?(?:\/secrets\/(?<secret>[^/]+)(?:\/versions\/(?<version>[^/]+))?)?$/
const SECRET_ID = /^[A-Za-z0-9_-]{1,255}$/
const VERSION = /^(?:0|[1-9]\d*|[A-Za-z][A-Za-z0-9_-]{0,62})$/

/** Whether a text can be the id of a secret. */
export function isSecretId(text: string): boolean {
  return SECRET_ID.test(text)
}

/**
 * Reads the name of a project, a secret or a version. Parts that a kind does not have are `""`.
 *
 * @throws Failure `INVALID_ARGUMENT` for a name of another kind, or of none.
 */
export function parseName(asked: string, kind: "project" | "secret" | "version"): ResourceName {
  const { project = "", location, secret = "", version = "" } = NAME.exec(asked)?.groups ?? {}
  const found = version !== "" ? "version" : secret !== "" ? "secret" : "project"
  const wellFormed =
    project !== "" && (secret === "" || isSecretId(secret)) && (version === "" || VERSION.test(version))
  if (!wellFormed || found !== kind) {
    throw new Failure("INVALID_ARGUMENT", `Resource ID [${asked}] is not in a valid format.`)
  }
  return { asked, project, location, secret, version }
}
