import { className, type RotationLedger, SecretError, type SecretValue } from "../core/index.ts"
import { shortId, spread } from "./ids.ts"
import type { RotationPlan } from "./plan.ts"
import { deadlinesOf, graceOf, propagationOf } from "./plan-times.ts"
import type { Terms } from "./protocol/terms.ts"

/** What the terms of a rotation follow from. */
export interface TermsOf {
  /** The one spelling of the secret's name, for messages. */
  readonly name: string
  /** Where the service has it: what ids and labels are derived from. */
  readonly place: { readonly text: string }
  readonly plan: RotationPlan
  readonly promotion: RotationLedger["promotion"]
  /** In milliseconds. */
  readonly lease: number
  /** How long one call to the store may take, in milliseconds. */
  readonly callTimeout: number
}

/** How long after the end of a lease another replica takes over, in milliseconds: as far as their clocks may differ. */
const MARGIN = 30_000

const LEAST_LEASE = 120_000
const FIRST_BACKOFF = 60_000
const LONGEST_BACKOFF = 3_600_000

/** Fits the names of every store: a letter, and 24 letters and digits of five bits each. */
const ID_LENGTH = 25
/** What tells the labels of one secret from those of another. */
const MARK_LENGTH = 13

/**
 * How long a replica holds a rotation after each write, where nothing else is said: two minutes, or twice as long as the
 * longest step may take. In milliseconds.
 */
export function leastLease(plan: RotationPlan, callTimeout: number): number {
  return Math.max(LEAST_LEASE, 2 * longestDeadline(plan, callTimeout))
}

/** The longest that any step of a rotation may take, in milliseconds. */
export function longestDeadline(plan: RotationPlan, callTimeout: number): number {
  return Math.max(callTimeout, ...Object.values(deadlinesOf(plan)))
}

/**
 * The pause after so many failures in a row: one minute, doubled each time, at most an hour; spread by a fifth to both
 * sides, so that secrets that failed together do not come back together. In milliseconds.
 *
 * @param phase where in the spread, from 0 to below 1.
 */
export function backoff(failures: number, phase: number): number {
  const pause = Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** Math.min(failures - 1, 10))
  return Math.round(pause * (0.8 + 0.4 * phase))
}

/**
 * What the protocol has to know of one secret. Ids and labels follow from the place of the secret and from the journal
 * alone, so that every replica derives the same ones.
 */
export function termsOf({ name, place, plan, promotion, lease, callTimeout }: TermsOf): Terms {
  const deadlines = deadlinesOf(plan)
  const prefix = (): string => `latchkey:${shortId(MARK_LENGTH, place.text)}:`
  const minted = plan.kind === "minted"
  return {
    kind: plan.kind,
    overlap: plan.overlap,
    lists: minted && plan.listMinted !== undefined,
    labels: minted && plan.labels,
    exclusive: minted && plan.exclusive === true,
    identifies: plan.identify !== undefined,
    applies: plan.apply !== undefined,
    revokes: plan.revoke !== undefined,
    verifiesOld: plan.verifyOld !== undefined,
    promotion,
    ...(plan.kind === "generated" && plan.publish !== undefined
      ? { publish: setMaker(name, "publish", plan.publish.bind(plan)) }
      : {}),
    ...(plan.kind === "generated" && plan.withoutOld !== undefined
      ? { withoutOld: setMaker(name, "withoutOld", plan.withoutOld.bind(plan)) }
      : {}),
    propagation: propagationOf(plan),
    grace: graceOf(plan),
    lease,
    margin: MARGIN,
    deadlines: {
      make: deadlines.make,
      apply: deadlines.apply,
      revoke: deadlines.revoke,
      store: callTimeout,
    },
    backoff: attempt => backoff(attempt, spread("backoff", name, attempt)),
    rotationId: (claimSeq, attempt) => shortId(ID_LENGTH, place.text, claimSeq, attempt),
    label: rotationId => `${prefix()}${rotationId}`,
    isOurLabel: label => label.startsWith(prefix()),
    same: sameBytes,
  }
}

/** The plan's own function, whose errors may quote the values that it was given. */
function setMaker<Values extends readonly SecretValue[]>(
  name: string,
  called: string,
  make: (...values: Values) => SecretValue,
): (...values: Values) => SecretValue {
  return (...values) => {
    let made: SecretValue
    try {
      made = make(...values)
    } catch (thrown) {
      throw new SecretError("INVALID_VALUE", {
        secret: name,
        message: `${called} of the plan failed (${className(thrown)})`,
        hint: "look at what the secret holds: the plan could not make the next set of keys from it",
      })
    }
    if (made.length > 0) return made
    throw new SecretError("INVALID_VALUE", {
      secret: name,
      message: `${called} of the plan gave an empty value`,
    })
  }
}

/** Byte by byte: bytes that happen to be text come back as text from stores that know no difference. */
function sameBytes(one: SecretValue, other: SecretValue): boolean {
  return Buffer.from(one).equals(Buffer.from(other))
}
