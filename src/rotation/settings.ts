import {
  type Clock,
  errorAbout,
  isSecretError,
  type JournalKeeper,
  misconfigured,
  parseDuration,
  type RotationLedger,
  refuseUnknownOptions,
  SecretError,
  type SecretStore,
  systemClock,
} from "../core/index.ts"
import { checkPlan } from "./check-plan.ts"
import { Place } from "./hands/place.ts"
import type { Subject } from "./hands/subject.ts"
import type { Rotation, RotatorOptions } from "./options.ts"
import { deadlinesOf, durationText, graceOf, propagationOf } from "./plan-times.ts"
import { spreadOver, type Timetable, timetableOf } from "./schedule/timetable.ts"
import { leastLease, longestDeadline, termsOf } from "./terms.ts"

/** When one secret is rotated. */
export interface Schedule {
  readonly timetable: Timetable
  /** A part of one. */
  readonly jitter: number
  readonly beginsNow: boolean
  readonly enabled: boolean
  /** How late a rotation may be before it is called overdue, in milliseconds. */
  readonly tolerance: number
}

/** One secret that is rotated, and when. */
export interface Charge {
  readonly subject: Subject
  /** Absent where only a person begins a rotation. */
  readonly schedule: Schedule | undefined
}

/** {@link RotatorOptions} checked and complete. Times in milliseconds. */
export interface Settings {
  readonly store: SecretStore
  readonly charges: readonly Charge[]
  readonly clock: Clock
  readonly random: () => number
  readonly atOnce: number
  readonly lookEvery: number
}

const OPTIONS: readonly (keyof RotatorOptions)[] = [
  "store",
  "secrets",
  "rotations",
  "journals",
  "lease",
  "atOnce",
  "callTimeout",
  "lookEvery",
  "clock",
  "random",
]

const ROTATION_OPTIONS: readonly (keyof Rotation)[] = [
  "plan",
  "schedule",
  "jitter",
  "first",
  "enabled",
  "scopes",
]

/** The longest that a rotation may be late before it is called overdue, in milliseconds, beside its spread. */
const LATE = 600_000

/** @throws SecretError see the constructor of `Rotator`. */
export function settingsOf(options: RotatorOptions): Settings {
  refuseUnknownOptions("Rotator", options, OPTIONS)
  const { atOnce = 4, clock = systemClock, random = Math.random } = options
  if (!Number.isSafeInteger(atOnce) || atOnce < 1) {
    throw misconfigured(
      "atOnce is not a whole number of at least 1",
      "write how many secrets to work on at once",
    )
  }
  const store = storeOf(options)
  const ledger = ledgerOf(store)
  const journals = journalsOf(store, ledger, options.journals)
  const callTimeout = parseDuration(options.callTimeout ?? "10s", "callTimeout")
  const lookEvery = parseDuration(options.lookEvery ?? "1h", "lookEvery")
  const lease = options.lease === undefined ? undefined : parseDuration(options.lease, "lease")
  const { rotations } = options
  if (typeof rotations !== "object" || rotations === null || Array.isArray(rotations)) {
    throw misconfigured("rotations is no object", 'write rotations: { "auth/session-key": { plan: … } }')
  }
  const seen = new Set<string>()
  const charges = Object.entries(rotations).map(([given, rotation]) => {
    const name = store.canonical(given)
    if (seen.has(name)) {
      throw about(
        name,
        misconfigured(
          "there are two rotations of it",
          "write each secret once: two names may mean the same one",
        ),
      )
    }
    seen.add(name)
    return inNameOf(name, () => {
      refuseUnknownOptions("a rotation", rotation, ROTATION_OPTIONS)
      const { plan, scopes = [] } = rotation
      // The form of the plan first: all that follows is made from it.
      checkPlan(name, plan, { lease: lease ?? Number.POSITIVE_INFINITY })
      const held = lease ?? leastLease(plan, callTimeout)
      refuseShortLease(held, 2 * longestDeadline(plan, callTimeout))
      refuseNoScopes(scopes)
      const place = new Place(name, store.location, ledger)
      const terms = termsOf({ name, place, plan, promotion: ledger.promotion, lease: held, callTimeout })
      const deadlines = deadlinesOf(plan)
      const subject = { name, place, plan, terms, deadlines, scopes, store, ledger, journals, clock }
      return { subject, schedule: scheduleOf(name, rotation, ledger, clock.wall()) }
    })
  })
  return { store, charges, clock, random, atOnce, lookEvery }
}

function storeOf({ store, secrets }: RotatorOptions): SecretStore {
  if ((store === undefined) === (secrets === undefined)) {
    throw misconfigured(
      "a Rotator takes a store or Secrets, one of the two",
      "write new Rotator({ secrets, rotations }), or { store, rotations } where no process reads what it rotates",
    )
  }
  const given: Partial<SecretStore> = (store ?? secrets?.store ?? {}) as Partial<SecretStore>
  if (typeof given.read !== "function" || typeof given.canonical !== "function") {
    throw misconfigured(
      "what the Rotator was given is no store",
      'write store: vault({ … }), or secrets: await openSecrets("…")',
    )
  }
  return given as SecretStore
}

function ledgerOf(store: SecretStore): RotationLedger {
  if (store.write === undefined || store.rotation === undefined) {
    throw new SecretError("UNSUPPORTED", {
      store: store.location,
      message: `a store of this kind ${store.write === undefined ? "cannot be written" : "cannot keep track of a rotation"}`,
      hint: "rotate in a store that can: dotenv, vault, aws, azure or gcp",
    })
  }
  return store.rotation()
}

function journalsOf(
  store: SecretStore,
  ledger: RotationLedger,
  given: JournalKeeper | undefined,
): JournalKeeper {
  const refuse = (message: string, hint: string): SecretError =>
    new SecretError("MISCONFIGURED", { store: store.location, message, hint })
  if (ledger.journals !== undefined) {
    if (given === undefined) return ledger.journals
    throw refuse("the store keeps the journals of its rotations itself", "leave journals out")
  }
  if (given === undefined) {
    throw refuse(
      "the store has no compare-and-set, so that it cannot keep the journals of its rotations",
      "write journals: those of another store, journalIn(otherStore, { of: store }), or sqlJournal(pool, { of: store })",
    )
  }
  if (typeof given.load !== "function" || typeof given.save !== "function") {
    throw refuse(
      "journals is nothing that keeps journals",
      "write journals: journalIn(otherStore, { of: store })",
    )
  }
  return given
}

function scheduleOf(
  name: string,
  rotation: Rotation,
  { rotationsPerDay }: RotationLedger,
  now: number,
): Schedule | undefined {
  const { plan, schedule, first, enabled = true } = rotation
  const jitter = parseJitter(rotation.jitter ?? "10%")
  if (typeof enabled !== "boolean")
    throw misconfigured("enabled is neither true nor false", "write enabled: false")
  if (first !== undefined && first !== "now" && first !== "in-turn") {
    throw misconfigured(
      'first is neither "now" nor "in-turn"',
      "leave it out for the default of the schedule",
    )
  }
  if (schedule === undefined) return undefined
  const least = propagationOf(plan) + graceOf(plan)
  const timetable = timetableOf({ name, schedule, jitter, now, least })
  if (rotationsPerDay !== undefined && timetable.exceeds(rotationsPerDay, now)) {
    throw misconfigured(
      `the schedule may ask for more than ${rotationsPerDay} rotations within 24 hours, for which the store has no room`,
      `write an interval of at least ${leastInterval(rotationsPerDay, jitter)} or fewer slots, or raise rotationsPerDay of the store`,
    )
  }
  const period = timetable.period(now)
  const tolerance = Math.min(LATE, period / 4) + spreadOver(period, jitter)
  return {
    timetable,
    jitter,
    enabled,
    beginsNow: first === undefined ? timetable.beginsNow : first === "now",
    tolerance,
  }
}

/** The jitter makes some of the intervals shorter. */
function leastInterval(perDay: number, jitter: number): string {
  return durationText(Math.ceil(1_440 / perDay / (1 - jitter)) * 60_000)
}

function parseJitter(jitter: string): number {
  const part = /^(\d+(?:\.\d+)?)%$/.exec(String(jitter))
  const percent = part === null ? Number.NaN : Number(part[1])
  if (percent >= 0 && percent <= 50) return percent / 100
  throw misconfigured('jitter is not a percentage from "0%" to "50%"', 'write "10%", which is the default')
}

function refuseShortLease(lease: number, least: number): void {
  if (lease >= least) return
  throw misconfigured(
    "lease is shorter than twice the longest deadline",
    "write a longer lease, or shorter deadlines and callTimeout: what takes longer than its lease is done by two",
  )
}

function refuseNoScopes(scopes: unknown): void {
  if (Array.isArray(scopes) && scopes.every(scope => typeof scope === "string" && scope !== "")) return
  throw misconfigured("scopes is no list of texts", 'write scopes: ["forms:read"]')
}

function inNameOf<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    throw isSecretError(thrown) ? about(name, thrown) : thrown
  }
}

function about(name: string, error: SecretError): SecretError {
  return error.secret === undefined ? errorAbout(error, name) : error
}
