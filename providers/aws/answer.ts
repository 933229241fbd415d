import type { Action, Actions } from "./actions.ts"
import { noAnswer } from "./failure.ts"

/**
 * What stands in every answer, by the answers that were recorded: a page, nothing at all or `{}` with the status 200 is
 * no answer, and proves neither that something was done nor that somebody was let in.
 */
const ALWAYS = {
  GetSecretValue: ["Name", "VersionId"],
  // One of its two lists, each of which may be missing.
  BatchGetSecretValue: [],
  CreateSecret: ["Name", "VersionId"],
  PutSecretValue: ["Name", "VersionId"],
  UpdateSecretVersionStage: ["Name"],
  ListSecretVersionIds: ["Versions"],
  ListSecrets: ["SecretList"],
  DescribeSecret: ["Name"],
  DeleteSecret: ["Name"],
} as const satisfies { readonly [A in Action]: readonly (keyof Actions[A]["answer"])[] }

/** An answer to an action, in which only that is sure to be there which always is. */
export type Answer<A extends Action> = Partial<Actions[A]["answer"]> &
  Pick<Actions[A]["answer"], (typeof ALWAYS)[A][number] & keyof Actions[A]["answer"]>

/** Makes sure that what came is an answer to an action. @throws AwsFailure */
export function answerTo<A extends Action>(action: A, came: unknown): Answer<A> {
  const fields = (came ?? {}) as Record<string, unknown>
  const isThere = (field: string): boolean => {
    const value = fields[field]
    return Array.isArray(value) || (typeof value === "string" && value !== "")
  }
  if (!ALWAYS[action].every(isThere)) throw noAnswer(action)
  return fields as Answer<A>
}
