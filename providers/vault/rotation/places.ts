import { SecretError } from "../../../src/core/index.ts"
import { isSegment } from "../names.ts"

/** Where everything about rotations stands, below the mount: the reserved first segment, of which nothing is listed. */
const ROTATIONS = "latchkey/rotation"

/** The names, below the mount, of what belongs to the rotation of one secret. They hold no value. */
export interface Places {
  /** Below it stands everything else. */
  readonly folder: string
  readonly journal: string
  /** The candidate of one rotation. */
  candidate(rotationId: string): string
  /** Where a rotation puts its copies of former values; as the engine lists it, it ends in a slash. */
  copies(rotationId: string): string
  /** A copy of a version of the secret, made by a rotation. */
  copy(rotationId: string, version: string): string
  /** A reference to a version of the secret itself. */
  version(version: string): string
  /** What a reference names; `undefined` for one that is not of this secret. */
  named(reference: string): Named | undefined
}

/** What a reference names. */
export type Named =
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "kept"; readonly path: string; readonly rotationId: string }

/** The places of one secret, by its name below the mount. */
export function placesOf(name: string): Places {
  const folder = `${ROTATIONS}/${name}`
  const candidate = (rotationId: string) => `${folder}/${checked(rotationId)}`
  return {
    folder,
    journal: `${folder}/${JOURNAL}`,
    candidate,
    copies: rotationId => `${candidate(rotationId)}/`,
    copy: (rotationId, version) => `${candidate(rotationId)}/version-${version}`,
    version: version => `version=${version}`,
    named(reference) {
      const version = /^version=([1-9]\d{0,14})$/.exec(reference)?.[1]
      if (version !== undefined) return { kind: "version", version }
      if (!reference.startsWith(`${folder}/`)) return undefined
      const [rotationId = "", copy, ...more] = reference.slice(folder.length + 1).split("/")
      const isCopy = copy === undefined || /^version-[1-9]\d{0,14}$/.test(copy)
      if (!isId(rotationId) || !isCopy || more.length > 0) return undefined
      return { kind: "kept", path: reference, rotationId }
    },
  }
}

const JOURNAL = "journal"

/** Whether an id can be the name of a candidate: one segment, and not that of the journal. */
function isId(rotationId: string): boolean {
  return isSegment(rotationId) && !rotationId.includes("/") && rotationId !== JOURNAL
}

function checked(rotationId: string): string {
  if (isId(rotationId)) return rotationId
  throw new SecretError("INVALID_NAME", { message: "the id of the rotation is no segment of a path" })
}
