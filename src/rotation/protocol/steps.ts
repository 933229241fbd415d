import type {
  Kept,
  Promoted,
  PromotedBy,
  RotationJournal,
  SecretValue,
  Version,
  VersionSince,
} from "../../core/index.ts"
import type { Credential, ListedCredential, OldCredential, Verdict } from "../plan.ts"

/** The journal as it was read, and when, by the store's clock where it has one and by the one that is never set. */
export interface Found {
  readonly journal: RotationJournal | undefined
  /** Milliseconds since 1970. */
  readonly at: number
  /** Whether `at` is the store's own time, which no clock of a machine can spoil. */
  readonly byStore: boolean
  /** Milliseconds of the monotonic clock. */
  readonly monotonic: number
}

/** The secret that consumers read; `version` is absent where there is none. */
export interface Main {
  readonly version?: Version
  readonly value?: SecretValue
}

/** What a change of the secret did. */
export type Promotion = PromotedBy | "refused"

/** The far side has made no credential for certain. The failure is thrown as it is, once that is written down. */
export interface NotMade {
  readonly notMade: unknown
}

/** Whether a write of the journal was the one that counted, and when it was sent by the monotonic clock. */
export type Saving = { readonly saved: true; readonly sent: number } | { readonly saved: false }

/** What a person should hear of, though the rotation goes on. */
export type Notice =
  /** Credentials with our label that nobody uses, and that are not revoked because it cannot be told what the secret holds. */
  | { readonly about: "orphans-left"; readonly ids: readonly string[] }
  /** A credential of ours that nobody used was revoked. */
  | { readonly about: "orphan-revoked"; readonly id: string }
  /** The old credential was not made here, or cannot be told: whoever made it has to end it. */
  | { readonly about: "old-left-to-person"; readonly id?: string }
  /** A rotation was given up by a person when its new credential may have been in use: it is not ended here. */
  | { readonly about: "new-left-to-person"; readonly id?: string }
  /** A replica that came late had put an older value into the secret; the promoted one was put back. */
  | { readonly about: "repaired" }
  /** Going back failed, because the far side refuses the old credential: the new one stays. */
  | { readonly about: "rollback-refused" }
  /** The far side refused the new credential; another attempt follows after a pause. */
  | { readonly about: "candidate-refused"; readonly attempt: number }

/**
 * Everything that the protocol does outside of itself. It asks for one of these at a time and is given the answer.
 * What fails, or whose answer is lost, gives no answer: the turn ends there, as if the process had died, and the next
 * turn goes on from the journal.
 */
export type Step =
  | { readonly do: "load" }
  | { readonly do: "save"; readonly journal: RotationJournal }
  | { readonly do: "main"; readonly version?: Version }
  | { readonly do: "kept"; readonly rotationId: string; readonly reference?: string }
  | { readonly do: "former"; readonly rotationId: string; readonly base: Version }
  | { readonly do: "create"; readonly rotationId: string; readonly current: Credential | undefined }
  | { readonly do: "mint"; readonly rotationId: string; readonly current: Credential | undefined }
  | { readonly do: "park"; readonly rotationId: string; readonly value: SecretValue }
  | { readonly do: "list"; readonly rotationId: string }
  | { readonly do: "identify"; readonly rotationId: string; readonly value: SecretValue }
  | { readonly do: "revoke"; readonly rotationId: string; readonly credential: OldCredential }
  | {
      readonly do: "apply"
      readonly rotationId: string
      readonly credential: Credential
      readonly current: Credential | undefined
      readonly fence: number
    }
  | { readonly do: "verify"; readonly rotationId: string; readonly credential: Credential }
  | { readonly do: "verifyOld"; readonly rotationId: string; readonly credential: OldCredential }
  | {
      readonly do: "promote"
      readonly rotationId: string
      readonly value: SecretValue
      readonly reference?: string
      readonly expectBase?: Version
      readonly journal: (promoted: Promoted) => RotationJournal
    }
  | { readonly do: "since"; readonly base?: Version }
  | { readonly do: "discard"; readonly rotationId: string; readonly reference?: string }
  | { readonly do: "tell"; readonly notice: Notice }

/** What is answered to each step. */
interface Answers {
  readonly load: Found
  readonly save: Saving
  readonly main: Main
  readonly kept: Kept | undefined
  readonly former: Kept | undefined
  readonly create: Credential
  readonly mint: Credential | NotMade
  readonly park: { readonly reference: string; readonly mine: boolean }
  readonly list: readonly ListedCredential[]
  readonly identify: string | undefined
  readonly revoke: undefined
  readonly apply: undefined
  readonly verify: Verdict
  readonly verifyOld: Verdict
  readonly promote: Promotion
  readonly since: readonly VersionSince[]
  readonly discard: undefined
  readonly tell: undefined
}

/** The answer to a step. */
export type AnswerTo<S extends Step> = Answers[S["do"]]

/** Any answer. */
export type Answer = Answers[keyof Answers]

/** A part of the protocol: it asks for steps and comes to a result. Pure: the same answers give the same steps. */
export type Part<Result> = Generator<Step, Result, Answer>

/** Asks for one step. */
export function* ask<S extends Step>(step: S): Part<AnswerTo<S>> {
  return (yield step) as AnswerTo<S>
}
