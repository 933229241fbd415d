import type { RotationJournal, RotationLedger } from "latchkey"
import type { AwsOptions } from "latchkey/aws"
import { type Answer, awsError, type Play, play, type Request, storeOn, versionId } from "../play.ts"

/** The secret that is rotated. */
export const NAME = "prod/token"

/** That which holds its journal. */
export const JOURNAL = "latchkey/rotation/prod/token"

/** The version that is in force. */
export const BASE = versionId(1)

/** A ledger on a server of the test's own, and what it was asked. */
export interface Scene {
  readonly ledger: RotationLedger
  readonly server: Play
  close(): Promise<void>
}

/** A ledger on a service that answers so. */
export async function sceneOf(
  answer: (request: Request) => Answer | Promise<Answer>,
  options?: AwsOptions,
): Promise<Scene> {
  const server = await play(answer)
  const store = storeOn(server.url, options)
  return { ledger: store.rotation(), server, close: () => store.close() }
}

/** A journal at its beginning. */
export function journal(change: Partial<RotationJournal> = {}): RotationJournal {
  return { schema: 1, seq: 1, state: "claimed", owner: "nonce", leaseUntil: 0, attempt: 0, ...change }
}

/** A version of a secret, as it is read. */
export function version(text: string, id = BASE, labels: readonly string[] = ["AWSCURRENT"]): Answer {
  return {
    body: {
      ARN: `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${JOURNAL}-AbCdEf`,
      Name: "a",
      VersionId: id,
      SecretString: text,
      VersionStages: labels,
      CreatedDate: 1_795_000_000,
    },
  }
}

/** A secret without any fault, as it is described. */
export function described(change: object = {}): Answer {
  return {
    body: {
      ARN: `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${NAME}-AbCdEf`,
      Name: NAME,
      VersionIdsToStages: { [BASE]: ["AWSCURRENT"] },
      ...change,
    },
  }
}

/** What the service answers to whoever makes a version: the token is its id. */
export function made({ body }: Request): Answer {
  return { body: { Name: "a", VersionId: body.ClientRequestToken } }
}

/** There is no such secret, or no such version of it. */
export const missing: Answer = awsError("ResourceNotFoundException")

/** What was asked, action by action. */
export function actionsOf({ requests }: Play): readonly string[] {
  return requests.map(({ action }) => action)
}
