import { doubleHyphenNames, type NameRule } from "../../src/core/index.ts"

/**
 * The ids of secrets: "a string with a maximum length of 255 characters [that] can contain uppercase and lowercase
 * letters, numerals, and the hyphen (-) and underscore (_) characters" (reference of `projects.secrets.create`). Cases
 * differ.
 */
export const gcpNames: NameRule = doubleHyphenNames({
  rule: 'a name here is up to 255 of A-Z, a-z, 0-9, "-" and "_", where "/" counts as two: it is written "--"',
  holds: native => /^[A-Za-z0-9_-]{1,255}$/.test(native),
})

/** The resource names of one project, or of one location in it. */
export class ResourceNames {
  /** In what all secrets are. */
  readonly parent: string

  constructor(project: string, location: string | undefined) {
    this.parent = `projects/${project}${location === undefined ? "" : `/locations/${location}`}`
  }

  secret(id: string): string {
    return `${this.parent}/secrets/${id}`
  }

  version(id: string, version: string): string {
    return `${this.secret(id)}/versions/${version}`
  }
}

/** The id at the end of the resource name of a secret: the project before it may be written as its number. */
export function idIn(name: string | null | undefined): string | undefined {
  return /\/secrets\/([^/]+)$/.exec(name ?? "")?.[1]
}

/** The number of a version of a secret, from its resource name. `undefined` if that names nothing of the kind. */
export function versionIn(name: string | null | undefined, id: string): string | undefined {
  const [, secret, version] = /\/secrets\/([^/]+)\/versions\/(\d+)$/.exec(name ?? "") ?? []
  return secret === id ? version : undefined
}
