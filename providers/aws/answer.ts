import type { Action, Actions } from "./actions.ts"
import { noAnswer } from "./failure.ts"

/**
 * What stands in every answer, by the answers that were recorded: a page, nothing at all or `{}` with the status 200 is
 * no answer, and proves neither that something was done nor that somebody was let in.
 */
interface Always {
  readonly GetSecretValue: "Name" | "VersionId"
  // One of its two lists, each of which may be missing.
  readonly BatchGetSecretValue: never
  readonly CreateSecret: "Name" | "VersionId"
  readonly PutSecretValue: "Name" | "VersionId"
  readonly UpdateSecretVersionStage: "Name"
  readonly ListSecretVersionIds: "Versions"
  readonly ListSecrets: "SecretList"
  readonly DescribeSecret: "Name"
  readonly DeleteSecret: "Name"
}

/** The same at run time: each field once. */
const ALWAYS: { readonly [A in Action]: Readonly<Record<Always[A], true>> } = {
  GetSecretValue: { Name: true, VersionId: true },
  BatchGetSecretValue: {},
  CreateSecret: { Name: true, VersionId: true },
  PutSecretValue: { Name: true, VersionId: true },
  UpdateSecretVersionStage: { Name: true },
  ListSecretVersionIds: { Versions: true },
  ListSecrets: { SecretList: true },
  DescribeSecret: { Name: true },
  DeleteSecret: { Name: true },
}

/** An answer to an action, in which only that is sure to be there which always is. */
export type Answer<A extends Action> = Partial<Actions[A]["answer"]> &
  Pick<Actions[A]["answer"], Always[A] & keyof Actions[A]["answer"]>

/** Makes sure that what came is an answer to an action. @throws AwsFailure */
export function answerTo<A extends Action>(action: A, came: unknown): Answer<A> {
  const fields = (came ?? {}) as Record<string, unknown>
  const isThere = (field: string): boolean => {
    const value = fields[field]
    return Array.isArray(value) || (typeof value === "string" && value !== "")
  }
  if (!Object.keys(ALWAYS[action]).every(isThere)) throw noAnswer(action)
  return fields as Answer<A>
}
