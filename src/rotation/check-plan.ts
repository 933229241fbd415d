import {
  errorAbout,
  isSecretError,
  misconfigured,
  parseDuration,
  refuseUnknownOptions,
  SecretError,
} from "../core/index.ts"
import type { Credential, RotationPlan } from "./plan.ts"
import {
  consumersOf,
  deadlinesOf,
  durationText,
  graceOf,
  leastGraceOf,
  leastPropagationOf,
  propagationOf,
  STEPS,
  settlingOf,
} from "./plan-times.ts"

export { graceOf } from "./plan-times.ts"

/** What a plan is run with, as far as it decides whether the plan can work. */
export interface PlanSurroundings {
  /** How long a replica holds a rotation after each write of the journal, in milliseconds. */
  readonly lease: number
}

/** What a function of a plan is good for, for the message where it is missing. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  create: "create(context) makes a new credential and does nothing outside",
  mint: "mint(context) makes a new credential at the far side",
  listMinted: "listMinted(context) lists what was minted for this secret",
  withoutOld: "withoutOld(promoted) is the set once its old keys are retired",
  publish: "publish(current, candidate) is the set in which the new key is only checked",
  awaits: "awaits(context) says what a person has to do first",
  apply: "apply(candidate, context) makes the far side accept it",
  verify: "verify(credential, context) asks the far side whether it accepts it",
  verifyOld: "verifyOld(old, context) asks whether the old one is refused by now",
  revoke: "revoke(credential, context) ends a credential at the far side",
  identify: "identify(value, context) says how the far side calls it",
}

const OF_ANY_KIND: readonly string[] = [
  "kind",
  "consumers",
  "grace",
  "overlap",
  "fenced",
  "acceptsOutage",
  "deadlines",
  "settling",
  "needs",
  "awaits",
  "apply",
  "verify",
  "verifyOld",
  "revokedByHand",
  "revoke",
  "identify",
]

/** All that a plan of each kind may have. */
export const PLAN_KEYS: Readonly<Record<RotationPlan["kind"], readonly string[]>> = {
  generated: [...OF_ANY_KIND, "create", "publish", "propagation", "withoutOld"],
  minted: [...OF_ANY_KIND, "mint", "listMinted", "labels", "exclusive"],
}

const REQUIRED: Readonly<Record<RotationPlan["kind"], readonly string[]>> = {
  generated: ["create", "verify"],
  minted: ["mint", "revoke", "verify"],
}

const CONSUMERS: readonly string[] = ["ttl", "maxStale", "callTimeout", "tokenLifetime"]

/**
 * Refuses a plan with which a rotation would go wrong half-way, or end a credential that is still used. Asks nobody.
 *
 * @param name the secret that it rotates, which the error is about.
 * @throws SecretError `MISCONFIGURED` for the first thing that is wrong, with what to write instead.
 */
export function checkPlan(name: string, plan: RotationPlan, surroundings: PlanSurroundings): void {
  try {
    checkShape(plan)
    checkOverlap(plan)
    checkFarSide(plan)
    checkTimes(plan, surroundings)
  } catch (thrown) {
    throw isSecretError(thrown) ? errorAbout(thrown, name) : thrown
  }
}

function checkShape(plan: RotationPlan): void {
  if (typeof plan !== "object" || plan === null) {
    throw misconfigured("the plan is not an object", "write generatedKey({ … }) or another plan")
  }
  const { kind } = plan
  if (kind !== "generated" && kind !== "minted") {
    throw misconfigured(
      "kind of the plan is neither of the two that there are",
      '"generated" where the new value is made here, "minted" where the far side makes it',
    )
  }
  refuseUnknownOptions("the plan", plan, PLAN_KEYS[kind])
  for (const method of REQUIRED[kind]) {
    if (read(plan, method) === undefined) {
      throw misconfigured(`the plan has no ${method}`, `${FUNCTIONS[method]}`)
    }
  }
  for (const method of Object.keys(FUNCTIONS)) {
    const given = read(plan, method)
    if (given !== undefined && typeof given !== "function") {
      throw misconfigured(`${method} of the plan is no function`, `${FUNCTIONS[method]}`)
    }
  }
  for (const flag of ["overlap", "fenced", "acceptsOutage", "labels", "exclusive"]) {
    const given = read(plan, flag)
    if (given !== undefined && typeof given !== "boolean") {
      throw misconfigured(`${flag} of the plan is neither true nor false`, `write ${flag}: true or false`)
    }
  }
  const { needs } = plan
  if (needs !== undefined && !(Array.isArray(needs) && needs.every(each => typeof each === "string"))) {
    throw misconfigured(
      "needs of the plan is no list of lines",
      "write what the far side has to allow, a line each",
    )
  }
}

/** A method may stand on the prototype, where a plan is the object of a class. */
function read(plan: RotationPlan, key: string): unknown {
  return (plan as unknown as Record<string, unknown>)[key]
}

function checkOverlap({ overlap, fenced, acceptsOutage, apply }: RotationPlan): void {
  if (overlap === undefined) {
    throw misconfigured(
      "the plan does not say whether the old and the new credential both work for a while",
      "write overlap: true or false",
    )
  }
  if (fenced && apply === undefined) {
    throw misconfigured(
      "the plan is fenced and has no apply",
      "apply moves the fence together with the change; leave fenced out where nothing is applied",
    )
  }
  if (!overlap && !fenced && !acceptsOutage) {
    throw misconfigured(
      "the plan has no overlap, and nothing that stops a change which comes too late",
      "write fenced: true where apply changes the far side together with context.fence in one transaction, or acceptsOutage: true where an outage is no harm",
    )
  }
}

function checkFarSide(plan: RotationPlan): void {
  const { revoke, revokedByHand, verifyOld } = plan
  if (plan.kind === "minted") {
    if (plan.labels === undefined) {
      throw misconfigured(
        "the plan does not say whether the far side keeps a label",
        "write labels: true where it keeps context.label and lists it, else labels: false",
      )
    }
    if ((plan.labels || plan.exclusive) && plan.listMinted === undefined) {
      throw misconfigured(
        `the plan says ${plan.labels ? "labels" : "exclusive"}: true and has no listMinted`,
        "add listMinted(context), without which nobody sees what is labelled or strange, or write false",
      )
    }
  }
  if (revokedByHand === undefined) return
  if (typeof revokedByHand !== "string" || revokedByHand.trim() === "") {
    throw misconfigured(
      "revokedByHand of the plan says nothing",
      "write where and how a person ends the old one",
    )
  }
  if (revoke !== undefined) {
    throw misconfigured(
      "the plan has both revoke and revokedByHand",
      "leave revokedByHand out: it is for what only a person can end",
    )
  }
  if (verifyOld === undefined) {
    throw misconfigured(
      "the plan has revokedByHand and no verifyOld",
      "add verifyOld(old, context), without which nobody knows when the old one is dead",
    )
  }
}

function checkTimes(plan: RotationPlan, { lease }: PlanSurroundings): void {
  checkConsumers(plan)
  if (plan.kind === "generated" && plan.propagation !== undefined && plan.publish === undefined) {
    throw misconfigured("the plan has a propagation and no publish", "leave propagation out")
  }
  const least = leastPropagationOf(plan)
  if (plan.kind === "generated" && plan.publish !== undefined && propagationOf(plan) < least) {
    throw misconfigured(
      `propagation is shorter than ${durationText(least)}, the least after which every reader knows the new key`,
      `write propagation: "${durationText(least)}" or more, or leave it out: 1.1 × ttl + maxStale of the consumers`,
    )
  }
  const leastGrace = leastGraceOf(plan)
  if (graceOf(plan) < leastGrace) {
    throw misconfigured(
      `grace is shorter than ${durationText(leastGrace)}, the least after which nobody uses the old credential`,
      `write grace: "${durationText(leastGrace)}" or more, or leave it out: 1.1 × ttl + maxStale + callTimeout + tokenLifetime of the consumers`,
    )
  }
  refuseUnknownOptions("deadlines", plan.deadlines ?? {}, STEPS)
  const deadlines = deadlinesOf(plan)
  if (settlingOf(plan) >= deadlines.verify) {
    throw misconfigured(
      `settling is ${durationText(settlingOf(plan))}, and verify ends after ${durationText(deadlines.verify)}`,
      "write a longer deadlines.verify, or a shorter settling: there has to be time left for the last answer",
    )
  }
  for (const step of STEPS) {
    if (deadlines[step] >= lease) {
      throw misconfigured(
        `deadlines.${step} is ${durationText(deadlines[step])}, and a lease ends after ${durationText(lease)}`,
        `write a deadline below ${durationText(lease)}, or a longer lease: what takes longer than its lease is done by two`,
      )
    }
  }
}

function checkConsumers(plan: RotationPlan): void {
  const { consumers } = plan
  const hint =
    'how long those who read the secret go on with an old value: consumers: { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" }'
  if (consumers === undefined) throw misconfigured("the plan does not say who consumes the secret", hint)
  refuseUnknownOptions("consumers", consumers, CONSUMERS)
  const missing = CONSUMERS.filter(key => consumers[key as keyof typeof consumers] === undefined)
  if (missing.length > 0) {
    throw misconfigured(`consumers of the plan does not say ${missing.join(", ")}`, hint)
  }
  consumersOf(plan)
  if (plan.grace !== undefined) parseDuration(plan.grace, "grace")
}

/** What is shorter is no secret, but a slip of whoever made it. */
const LEAST_LENGTH = 8

/**
 * Refuses what `create` or `mint` returned, before it is stored anywhere, when it can be no new credential: nothing at
 * all, an empty or very short value, or the one in use.
 *
 * @throws SecretError `INVALID_VALUE`. It quotes nothing of either value.
 */
export function checkCandidate(candidate: Credential, current: Credential | undefined): void {
  const refuse = (message: string, hint: string): SecretError =>
    new SecretError("INVALID_VALUE", { message, hint })
  const { value, id } = candidate ?? {}
  if (typeof value !== "string" && !(value instanceof Uint8Array)) {
    throw refuse("the plan made no credential", 'create and mint return { value: "…" }, text or bytes')
  }
  if (id !== undefined && (typeof id !== "string" || id === "")) {
    throw refuse("the id of the new credential is no text", "leave the id out where the far side has none")
  }
  const bytes = Buffer.from(value)
  if (bytes.length === 0) throw refuse("the new credential is empty", "look at what create or mint returns")
  // Counted as a person counts: text by its characters.
  const length = typeof value === "string" ? Array.from(value).length : bytes.length
  if (length < LEAST_LENGTH) {
    throw refuse(
      `the new credential is shorter than ${LEAST_LENGTH} ${typeof value === "string" ? "characters" : "bytes"}`,
      "look at what create or mint returns: so short a value can be guessed",
    )
  }
  if (current !== undefined && bytes.equals(Buffer.from(current.value))) {
    throw refuse(
      "the new credential is the one in use",
      "create and mint make another one every time: nothing was rotated",
    )
  }
}
