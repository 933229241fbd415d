import type { Actions } from "./actions.ts"
import type { Call, Connection } from "./client.ts"
import { AwsFailure } from "./failure.ts"
import { candidateLabel, isCandidateLabel, isOwnLabel } from "./labels.ts"
import { eachVersion } from "./read.ts"

/** How long a label of ours is left alone that may be that of a writer who is alive, in milliseconds. */
const DAY = 86_400_000

/** Takes a label off when all else is done, so that the service may forget the version once it is not needed. */
export function takeOff({ tidy }: Connection, name: string, version: string): void {
  tidy("UpdateSecretVersionStage", labelOff(name, candidateLabel(version), version))
}

/**
 * Takes the labels off that writers have left who died in between: a secret has room for twenty ("AWS Secrets Manager
 * quotas"). Looked for only when there is no room, so that a write costs nothing more while there is.
 *
 * @param rotations the labels of rotations that are still needed. Without it those of all rotations are.
 * @returns whether there were any.
 */
export async function sweep(
  call: Call,
  name: string,
  signal: AbortSignal,
  rotations?: ReadonlySet<string>,
): Promise<boolean> {
  const isLeft = (label: string): boolean =>
    rotations === undefined ? isCandidateLabel(label) : isOwnLabel(label) && !rotations.has(label)
  let swept = false
  try {
    for await (const { VersionId: version, VersionStages = [], CreatedDate } of eachVersion(
      call,
      name,
      signal,
    )) {
      const isOld = CreatedDate instanceof Date && Date.now() - CreatedDate.getTime() > DAY
      if (version === undefined || !isOld) continue
      for (const label of VersionStages.filter(isLeft)) {
        await call("UpdateSecretVersionStage", labelOff(name, label, version), signal)
        swept = true
      }
    }
  } catch (thrown) {
    // That there is no room is what the caller has to know, and not that making some was not permitted either.
    if (!(thrown instanceof AwsFailure)) throw thrown
  }
  return swept
}

/** What takes a label off a version. */
export function labelOff(
  SecretId: string,
  VersionStage: string,
  RemoveFromVersionId: string,
): Actions["UpdateSecretVersionStage"]["input"] {
  return { SecretId, VersionStage, RemoveFromVersionId }
}
