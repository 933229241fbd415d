import {
  type CallOptions,
  journalText,
  type LoadedJournal,
  type RotationJournal,
  readJournal,
  SecretError,
} from "../../../src/core/index.ts"
import type { Answer } from "../answer.ts"
import type { Connection } from "../client.ts"
import { AwsFailure, isNamed } from "../failure.ts"
import { contentOf, create, type NewSecret } from "../write.ts"
import { nameOfJournal } from "./names.ts"
import { tokenOf } from "./tokens.ts"

/** What journals are kept with. */
export interface JournalOptions {
  /** What a journal is created with that was not there. */
  readonly fresh: NewSecret
  /** How many rotations of one secret may begin within 24 hours. */
  readonly perDay: number
}

/** A journal as it stands in its secret. */
interface Written {
  readonly journal: RotationJournal
  /** When the rotations of the last day began, in milliseconds since 1970. */
  readonly claims: readonly number[]
}

/** One that was read. */
interface Found extends Written {
  readonly arn: string
  readonly at?: number
}

const DAY = 86_400_000

/**
 * How long a look at a journal is good for, in milliseconds. Who was stopped for longer between the look and the write
 * looks again: after a day the service may have forgotten a version, and then it takes its token for a new one.
 */
const GOOD_FOR = 10_000

/**
 * The journal as it is now.
 *
 * Reads may lag behind writes ("Troubleshoot AWS Secrets Manager", eventual consistency), so the version that has the
 * label AWSCURRENT may be an older one. The versions after it can be asked for, because their ids are known: the newest
 * journal is the last that is found. One that is not found even so is found by the write: a version is made once.
 */
export async function loadJournal(
  connection: Connection,
  name: string,
  { signal }: CallOptions,
): Promise<LoadedJournal> {
  const secret = await nameOfJournal(name)
  let newest = await look(connection, secret, { VersionStage: "AWSCURRENT" }, signal)
  if (newest === undefined) return {}
  for (;;) {
    const version = await journalToken(secret, newest.journal.seq + 1)
    const next = await look(connection, secret, { VersionId: version }, signal)
    if (next === undefined) break
    newest = next
  }
  return { journal: newest.journal, ...(newest.at !== undefined && { at: newest.at }) }
}

/**
 * Writes the journal, by a token that is derived from its number: who comes second with a number is refused, because
 * the version is there and has another value; the nonce in `owner` makes it another one.
 *
 * A put also moves AWSCURRENT, so one that comes late must be refused as well. It is: numbers follow one another without
 * a gap, since a number is only written by who has seen the one before. So all numbers up to the newest are taken, and
 * the only one that is free is the next. One that is put twice, the request repeated on its way, moves nothing
 * ("PutSecretValue": a version that is there with the same value is left as it is).
 *
 * The version that was seen is looked at again right before, for whoever was stopped for so long that the service has
 * forgotten versions, and for a journal that was made anew: it is another secret then, and the put names its ARN.
 */
export async function saveJournal(
  connection: Connection,
  name: string,
  journal: RotationJournal,
  { expectSeq, signal }: CallOptions & { readonly expectSeq: number },
  { fresh, perDay }: JournalOptions,
): Promise<void> {
  const secret = await nameOfJournal(name)
  const token = await journalToken(secret, expectSeq + 1)
  if (expectSeq === 0) {
    const text = textOf(journal, undefined, { perDay, now: Date.now() })
    return await begin(connection, secret, { text, token, fresh }, signal)
  }
  for (;;) {
    const [since, sinceWall] = [performance.now(), Date.now()]
    const found = await seen(connection, secret, expectSeq, signal)
    if (found === undefined) throw lost()
    const text = textOf(journal, found, { perDay, now: found.at ?? Date.now() })
    if (Math.max(performance.now() - since, Date.now() - sinceWall) > GOOD_FOR) continue
    await connection.call("PutSecretValue", { SecretId: found.arn, ...contentOf(text, token) }, signal)
    return
  }
}

/** Makes the secret with its first journal. */
async function begin(
  connection: Connection,
  secret: string,
  { text, token, fresh }: { readonly text: string; readonly token: string; readonly fresh: NewSecret },
  signal: AbortSignal,
): Promise<void> {
  const content = contentOf(text, token)
  try {
    await create({ connection, name: secret, content, fresh, signal })
    return
  } catch (thrown) {
    if (!isNamed(thrown, "ResourceExistsException")) throw thrown
  }
  // Somebody may have made the secret and given it no value, to have a say in its key or its policy. Who was faster with
  // a value has it under the same token.
  if ((await look(connection, secret, { VersionStage: "AWSCURRENT" }, signal)) !== undefined) throw lost()
  await connection.call("PutSecretValue", { SecretId: secret, ...content }, signal)
}

/** The journal if it has a number now, as far as reads show it. */
async function seen(
  connection: Connection,
  secret: string,
  seq: number,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const current = await look(connection, secret, { VersionStage: "AWSCURRENT" }, signal)
  if (current === undefined || current.journal.seq > seq) return undefined
  if (current.journal.seq === seq) return current
  return await look(connection, secret, { VersionId: await journalToken(secret, seq) }, signal)
}

/** One version of a journal; `undefined` if there is no such secret, or no such version of it. */
async function look(
  { dated }: Connection,
  secret: string,
  which: { readonly VersionId: string } | { readonly VersionStage: string },
  signal: AbortSignal,
): Promise<Found | undefined> {
  try {
    const { answer, at } = await dated("GetSecretValue", { SecretId: secret, ...which }, signal)
    return { ...writtenIn(answer), arn: answer.ARN ?? secret, ...(at !== undefined && { at }) }
  } catch (thrown) {
    if (!(thrown instanceof AwsFailure)) throw thrown
    if (isNamed(thrown, "ResourceNotFoundException")) return undefined
    if (thrown.known.state === "deleted") throw deleted(secret)
    throw thrown.withNothingChanged()
  }
}

function writtenIn({ SecretString: text }: Answer<"GetSecretValue">): Written {
  const content = typeof text === "string" ? objectIn(text) : undefined
  // Anything else is garbled, and a journal alone is one.
  if (content?.journal === undefined) return { journal: readJournal(text ?? ""), claims: [] }
  const { claims } = content
  return {
    journal: readJournal(JSON.stringify(content.journal)),
    claims: Array.isArray(claims) ? claims.filter(claim => typeof claim === "number") : [],
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const content: unknown = JSON.parse(text)
    return typeof content === "object" && content !== null ? (content as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/**
 * What is written: the journal, and when the rotations of the last day began. It is counted here, where a rotation
 * begins, and nowhere else: one that has begun is never stopped half-way for it, and one that answers a leak never waits.
 */
function textOf(
  journal: RotationJournal,
  before: Written | undefined,
  { perDay, now }: { readonly perDay: number; readonly now: number },
): string {
  const recent = (before?.claims ?? []).filter(claim => claim > now - DAY)
  const begins = journal.state === "claimed" && before?.journal.state !== "claimed"
  if (begins && recent.length >= perDay && journal.compromised !== true) {
    throw new SecretError("THROTTLED", {
      transient: false,
      retryAfterMs: Math.max(1, Math.min(...recent) + DAY - now),
      message: `the secret was rotated ${perDay} times in the last 24 hours`,
      hint: "the service keeps every version for a day, and has room for about a hundred: rotate less often, or set rotationsPerDay",
    })
  }
  const claims = begins ? [...recent, now] : recent
  return `{"journal":${journalText(journal)},"claims":${JSON.stringify(claims)}}`
}

async function journalToken(secret: string, seq: number): Promise<string> {
  return await tokenOf("latchkey/journal", secret, seq)
}

function lost(): SecretError {
  return new SecretError("CONFLICT", {
    message: "somebody else has changed the journal of the rotation first",
    hint: "read it again, and decide anew",
  })
}

/** It is neither there nor gone: beginning anew would be refused every time, and look like a race that was lost. */
function deleted(secret: string): SecretError {
  return new SecretError("DISABLED", {
    message: "the journal of the rotation was deleted, and its name is taken until the recovery window ends",
    hint: `aws secretsmanager restore-secret --secret-id ${secret} brings it back`,
  })
}
