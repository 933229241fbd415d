import type { CallOptions, Duration, SecretValue } from "../core/index.ts"

/** A credential, as plans make and use it: what is stored, and how the far side calls it. */
export interface Credential {
  /** What the secret holds: the key, the password, or the text of a JSON object with several fields. */
  readonly value: SecretValue
  /** The far side's id of it, which is no secret: an access key id, a role name, an accessor. */
  readonly id?: string
}

/** A credential that the far side lists. */
export interface ListedCredential {
  readonly id: string
  /** The label that `mint` gave it; absent if it has none of ours. */
  readonly label?: string
}

/**
 * How long those who read the secret go on with the old value, as the Rotator cannot know it. It decides the grace:
 * at least 1.1 × `ttl` + `maxStale` + `callTimeout` + `tokenLifetime`.
 */
export interface Consumers {
  /** How often they read the secret again: the largest `ttl` of any of them. */
  readonly ttl: Duration
  /** For how long they go on while the store is down: their `maxStale`; `"0s"` where a stale value is never used. */
  readonly maxStale: Duration
  /** How long one use of the credential takes at most: a request, a transaction. */
  readonly callTimeout: Duration
  /** How long that lives which is issued under the credential: JWTs under a signing key, sessions; `"0s"` if nothing is. */
  readonly tokenLifetime: Duration
}

/** What every function of a plan is called with. */
export interface StepContext extends CallOptions {
  /** The secret that is rotated. */
  readonly name: string
  readonly rotationId: string
  /**
   * Grows with every step of every rotation of this secret. A far side where a late step would undo a newer one keeps
   * the last one beside the credential, and refuses an older one in the same transaction as the change: where there is
   * no overlap, and where what is revoked comes back into use, as users do that take turns.
   */
  readonly fence: number
  /**
   * Whether this rotation answers a leak (`compromised`): what the old credential has opened should end with it, such as
   * the sessions of a database, which a revocation alone leaves open. Default `false`.
   */
  readonly compromised?: boolean
  /**
   * Given to `verify`: whether the credential was not made by this rotation, because somebody goes back to it or only
   * asks whether the one in use works. It may have another form than what this plan makes. Default `false`.
   */
  readonly former?: boolean
}

/** What `awaits` is called with. */
export interface AwaitsContext extends CallOptions {
  readonly name: string
  /** The credential in use, which is what a person's input must differ from; absent if there is none yet. */
  readonly current: Credential | undefined
  /** What the new credential may do, where the configuration says so, for the person who makes it. */
  readonly scopes: readonly string[]
}

/** What `create` and `mint` are called with. */
export interface MakeContext extends StepContext {
  /** The credential in use; absent if there is none yet. */
  readonly current: Credential | undefined
  /** What the far side shall call the new one: unique for this attempt. A label, or an idempotency key. */
  readonly label: string
  /** What the new credential may do, where the configuration says so: `["forms:read"]`. */
  readonly scopes: readonly string[]
  /**
   * How long the old credential goes on working after the promotion, in milliseconds, as the rotation keeps to it: a
   * configuration may have made it longer than the plan alone would.
   */
  readonly grace: number
  /** How long a published set waits until its new key is used, in milliseconds; 0 where nothing is published. */
  readonly propagation: number
}

/** What `apply` is called with. */
export interface ApplyContext extends StepContext {
  readonly current: Credential | undefined
}

/** What a far side says of a credential. Anything else, also that it cannot be asked, is thrown. */
export type Verdict = "works" | "refused"

/** The time that each step of a plan may take, before it is given up. The next run begins it again. */
export interface StepDeadlines {
  /** Default `"30s"`. */
  readonly make?: Duration
  /** Default `"30s"`. */
  readonly apply?: Duration
  /** All tries and the pauses between them. Default `"60s"`. */
  readonly verify?: Duration
  /** Default `"30s"`. */
  readonly revoke?: Duration
  /** Default `"30s"`. */
  readonly list?: Duration
}

interface PlanOfAnyKind {
  readonly consumers: Consumers
  /** How long the old credential works after the new one is promoted. Default: the least that `consumers` allows; less is refused. */
  readonly grace?: Duration
  /**
   * Whether the old and the new credential both work for a while. Without it the far side must have a fence
   * (`fenced`), or the plan says that it accepts an outage (`acceptsOutage`).
   */
  readonly overlap: boolean
  /** Whether `apply` changes the far side together with a fence that refuses what comes late. */
  readonly fenced?: boolean
  /** Whether a short outage is accepted where there is neither an overlap nor a fence. */
  readonly acceptsOutage?: boolean
  readonly deadlines?: StepDeadlines
  /**
   * How long the far side takes at most until what was just made, or just revoked, is known everywhere: `verify` and
   * `verifyOld` are asked again and again for so long before an answer counts that nobody hopes for. Shorter than
   * `deadlines.verify`. Default `"5s"`, or half of that deadline where it is short.
   */
  readonly settling?: Duration
  /** What the far side has to allow for this plan, for `--dry-run`. */
  readonly needs?: readonly string[]

  /**
   * What a person has to do before a rotation can begin, in a line that helps; `undefined` if nothing. Asked before
   * the claim, so that a rotation that waits for somebody holds nothing up.
   */
  awaits?(context: AwaitsContext): Promise<string | undefined>

  /** Makes the far side accept the new credential. May be called again with the same one, and must then change nothing. */
  apply?(candidate: Credential, context: ApplyContext): Promise<void>

  /** Whether the far side accepts this credential, asked on a fresh connection. */
  verify(credential: Credential, context: StepContext): Promise<Verdict>

  /** Whether the far side still accepts the old credential after it was revoked. Its `value` is absent where no store kept it. */
  verifyOld?(old: OldCredential, context: StepContext): Promise<Verdict>

  /**
   * What a person has to do where there is no `revoke`: how the old credential is ended by hand. The rotation stays
   * `retiring`, and says so, until `verifyOld` finds it refused.
   */
  readonly revokedByHand?: string

  /** Ends a credential at the far side. One that is gone already is no failure. */
  revoke?(credential: OldCredential, context: StepContext): Promise<void>

  /** How the far side calls the credential that has this value; `undefined` if that cannot be known. */
  identify?(value: SecretValue, context: StepContext): Promise<string | undefined>
}

/** A credential of which perhaps only the id is known. */
export interface OldCredential {
  readonly id?: string
  readonly value?: SecretValue
}

/** A rotation whose new value is made here: keys, passwords. */
export interface GeneratedPlan extends PlanOfAnyKind {
  readonly kind: "generated"
  /** Makes a new credential, and does nothing outside. */
  create(context: MakeContext): Promise<Credential>
  /**
   * For a set of keys that is published before anyone signs with its new one: what the secret holds in between, made
   * from what it holds now and from the candidate; the same for the same two.
   */
  publish?(current: SecretValue, candidate: SecretValue): SecretValue
  /**
   * For a set of keys: what the secret holds once its old keys are retired, made from what it holds with them; the same
   * for the same one, and unchanged where there are none. Written at the end of the grace.
   */
  withoutOld?(promoted: SecretValue): SecretValue
  /** How long the published set waits until its new key is used. At least 1.1 × `ttl` + `maxStale` of the consumers, which is the default. */
  readonly propagation?: Duration
}

/** A rotation whose new value is made by the far side: API tokens, access keys. */
export interface MintedPlan extends PlanOfAnyKind {
  readonly kind: "minted"
  /** Makes a new credential at the far side, labelled with `context.label` where `labels` says so. */
  mint(context: MakeContext): Promise<Credential>
  /** All credentials that could have been minted for this secret. */
  listMinted?(context: StepContext): Promise<readonly ListedCredential[]>
  /** Whether the far side keeps the label and lists it. */
  readonly labels: boolean
  /** Whether nobody but latchkey makes credentials in that account, so that an unknown one is an orphan of ours. Default `false`. */
  readonly exclusive?: boolean
  revoke(credential: OldCredential, context: StepContext): Promise<void>
}

/** How one secret is rotated. */
export type RotationPlan = GeneratedPlan | MintedPlan
