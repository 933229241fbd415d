import type { BlockedReason, SecretValue } from "../../core/index.ts"

/** What the protocol has to know of a plan and of the store that it runs on. All times in milliseconds. */
export interface Terms {
  readonly kind: "generated" | "minted"
  /** Whether the old and the new credential both work for a while. */
  readonly overlap: boolean
  /** Whether the far side lists what was minted, and whether with our labels. */
  readonly lists: boolean
  readonly labels: boolean
  /** Whether nobody else makes credentials in that account. */
  readonly exclusive: boolean
  readonly identifies: boolean
  readonly applies: boolean
  readonly revokes: boolean
  readonly verifiesOld: boolean
  /** Whether a promotion over a change of somebody else is refused by the store, or only seen afterwards. */
  readonly promotion: "conditional" | "detected"
  /** For sets of keys: what the secret holds while its new key is only checked. */
  readonly publish?: (current: SecretValue, candidate: SecretValue) => SecretValue
  /** For sets of keys: what the secret holds once the old ones are retired. */
  readonly withoutOld?: (promoted: SecretValue) => SecretValue
  readonly propagation: number
  readonly grace: number
  readonly lease: number
  /** How long after the end of a lease another one takes over. */
  readonly margin: number
  /** How long each step that changes something may take. */
  readonly deadlines: Readonly<Record<"make" | "apply" | "revoke" | "store", number>>
  /** The pause before the next attempt, by the number of those that failed. */
  backoff(attempt: number): number
  /** The id of a rotation, different for every claim and attempt. */
  rotationId(claimSeq: number, attempt: number): string
  /** The label of what is minted in a rotation, and whether a label is one of this secret at all. */
  label(rotationId: string): string
  isOurLabel(label: string): boolean
  same(one: SecretValue, other: SecretValue): boolean
}

/** What whoever runs a turn wants beyond that it goes on. */
export interface Wish {
  /** Whether a rotation may begin. */
  readonly rotate: boolean
  /** Whether it begins also before the pause after a failed attempt is over. */
  readonly impatient?: boolean
  /** Without grace, because the credential is known to somebody. */
  readonly compromised?: boolean
  readonly rollback?: boolean
  readonly abort?: boolean
  /** A person has looked at what blocked it. */
  readonly resume?: boolean
  /** A person knows that the owner of the lease is gone. */
  readonly force?: boolean
}

/** What a replica remembers from turn to turn: nothing that may be lost matters. */
export interface Mind {
  /** Who this is: different for every Rotator that was ever made. */
  readonly me: string
  /** The write of the journal that this one made last, and until when its lease holds by the monotonic clock. */
  held?: Held | undefined
  /** The wait that this one has seen begin. */
  wait?: Wait | undefined
}

/** A grace, or a propagation, as one who saw it knows it: until when it lasts by the monotonic clock. */
export interface Wait {
  /** By which it is told from the next one: the time in the journal. */
  readonly notBefore: number
  readonly until: number
}

/** A lease, as its owner knows it. */
export interface Held {
  readonly seq: number
  readonly until: number
  /** Whether something that was sent under it may still be on its way: then it is nobody else's before its time. */
  readonly open?: boolean
}

/** Why a wish is not granted. */
export type Refusal = "nothing-to-roll-back" | "nothing-to-abort" | "nothing-to-resume" | "too-late-to-abort"

/** How a turn ended. */
export type Ending =
  /** The journal has moved: the next turn may begin at once. */
  | { readonly end: "moved" }
  /** There is nothing to do. */
  | { readonly end: "idle" }
  /** Nothing goes on before a time, in milliseconds since 1970. */
  | { readonly end: "waiting"; readonly until: number }
  /** Another replica works on it, until this time at most. */
  | { readonly end: "held"; readonly until: number }
  /** The journal was changed by another one in between; `alarm` when a write of ours may have come after it. */
  | { readonly end: "lost"; readonly alarm: boolean }
  | { readonly end: "blocked"; readonly reason: BlockedReason }
  /** The old credential is still accepted. */
  | { readonly end: "still-accepted" }
  | { readonly end: "not-granted"; readonly why: Refusal }

/** Thrown inside the protocol to end a turn from within; never leaves it. */
export class TurnEnds {
  readonly ending: Ending

  constructor(ending: Ending) {
    this.ending = ending
  }
}
