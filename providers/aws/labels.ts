/**
 * What the label of a version begins with that is on its way to become the current one under a condition. Each writer
 * has a label of its own, because a label stands on one version at a time, and a version that loses it to another
 * writer is one that the service may forget.
 */
const CANDIDATE = "latchkey-candidate-"

/** The label of the version that a token becomes. */
export function candidateLabel(token: string): string {
  return CANDIDATE + token
}

/** Whether a label is that of a conditional write. */
export function isCandidateLabel(stage: string): boolean {
  return stage.startsWith(CANDIDATE)
}

/**
 * What the label of a version begins with that a rotation has parked. It stays for as long as the rotation, which may be
 * days, and each rotation has one of its own: one for all would be taken from the candidate of the rotation that is on
 * its way by a replica that comes late.
 */
const ROTATION = "latchkey-rotation-"

/** The label of the version that a rotation has parked under a token. */
export function rotationLabel(token: string): string {
  return ROTATION + token
}

/** Whether a label is that of a rotation. */
function isRotationLabel(stage: string): boolean {
  return stage.startsWith(ROTATION)
}

/** Whether a label is one of ours, which says nothing to those who read the secret. */
export function isOwnLabel(stage: string): boolean {
  return isCandidateLabel(stage) || isRotationLabel(stage)
}
