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

/** Whether a label is one of ours. */
export function isCandidateLabel(stage: string): boolean {
  return stage.startsWith(CANDIDATE)
}
