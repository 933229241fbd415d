import { rotationLabel } from "../labels.ts"
import { candidateToken } from "./tokens.ts"

/** Where the candidate of one rotation is. */
export interface Place {
  /** The token under which it is put, which is the id of its version. */
  readonly token: string
  /** The label that it is put with, and that is taken off when it is discarded. */
  readonly label: string
  /** Whether a version with these labels is still a candidate, or what became of it by a promotion. */
  isKept(labels: readonly string[]): boolean
  /** What the service has given to a rotation function that works for another account. */
  readonly rotationToken?: string | undefined
}

/**
 * The candidate of a rotation of ours. Its label is not AWSPENDING, by which the service knows its own rotations, and it
 * stays until the rotation is over, also while the candidate is the current version: a program that goes on with a
 * rotation whose promotion it has not seen knows by it what was promoted.
 */
export async function ownPlace(name: string, rotationId: string): Promise<Place> {
  const token = await candidateToken(name, rotationId)
  const label = rotationLabel(token)
  return { token, label, isKept: labels => labels.includes(label) }
}

/** The labels by which the service tells what became of the version that it has a rotation function make. */
const OF_THE_SERVICE = ["AWSPENDING", "AWSCURRENT", "AWSPREVIOUS"]

/** The candidate of a rotation that the service has begun, under the token that it gave. */
export function pendingPlace(token: string, rotationToken: string | undefined): Place {
  return {
    token,
    label: "AWSPENDING",
    isKept: labels => OF_THE_SERVICE.some(label => labels.includes(label)),
    rotationToken,
  }
}

/**
 * The id of a rotation that the service has begun.
 *
 * @param token what it calls the rotation: the `ClientRequestToken` of its events.
 */
export function managedRotationId(token: string, claimSeq: number, attempt: number): string {
  return `${token}:${claimSeq}.${attempt}`
}

/** The token in such an id; `undefined` for a rotation of ours. */
export function tokenOfRotation(rotationId: string): string | undefined {
  return /^(.{32,64}):\d+\.\d+$/.exec(rotationId)?.[1]
}
