import { expect, onTestFinished } from "vitest"
import type { SecretError, SecretStore } from "../../../src/core/index.ts"
import { type SecretEventName, type SecretEvents, Secrets } from "../../../src/secrets/index.ts"
import { type CallLog, type FakeClock, faulty } from "../../../src/testing/index.ts"
import { type Canary, newCanary } from "../../support/canary.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { exposuresOf } from "../../support/exposures.ts"
import { failureOf } from "../../support/rig.ts"
import type { Bench } from "./cell.ts"
import type { Pace } from "./pace.ts"

/** A program that holds a secret of a service that is about to have a bad day. */
export interface Subject {
  readonly secrets: Secrets<SecretStore>
  readonly calls: CallLog
  readonly clock: FakeClock
  readonly pace: Pace
  /** Three values, each of which is looked for in everything that is told. */
  readonly values: readonly [held: Canary, next: Canary, last: Canary]
  /** How often an event was told of. */
  told(event: SecretEventName): number
  /** The error with which a call fails; it is looked through for values and credentials. */
  failure(call: PromiseLike<unknown> | (() => unknown)): Promise<SecretError>
  /** Another program that starts now: it shares the store and nothing else. */
  another(): Secrets<SecretStore>
}

/** How a subject looks at time. */
export interface SubjectOptions {
  /** Nothing will come back: time may go on while calls are under way. */
  readonly silent: boolean
  /** By the clock of the machine. */
  readonly realTime: boolean
  /** The SDK has timers of its own. */
  readonly ownTimers: boolean
}

/** Puts a program in front of a bench. Both end with the test. */
export function subjectOf(bench: Bench, { silent, realTime, ownTimers }: SubjectOptions): Subject {
  const values = [newCanary(), newCanary(), newCanary()] as const
  const clock = checkedFakeClock()
  const store = faulty(bench.store)
  const events: { readonly is: SecretEventName; readonly event: unknown }[] = []
  const ends: (() => Promise<void>)[] = []

  const watch = <T>(thing: T): T => {
    for (const value of values) value.watch(thing)
    expectNoCredential(bench.credentials, thing)
    return thing
  }
  const programOver = (shared: SecretStore): Secrets<SecretStore> => {
    const secrets = new Secrets(shared, { random: () => 0.5, ...(realTime ? {} : { clock }) })
    ends.push(async () => {
      watch(secrets.health())
      await secrets.close()
    })
    return secrets
  }
  const secrets = programOver(store)
  for (const is of EVENTS)
    secrets.on(is, (event: SecretEvents[SecretEventName]) => events.push({ is, event }))
  onTestFinished(async () => {
    for (const end of ends.toReversed()) await end()
    for (const { event } of events) watch(event)
    watch(bench.store)
    await bench.close()
  })

  return {
    secrets,
    calls: store.calls,
    clock,
    pace: { clock, silent, secondLasts: ownTimers ? 20 : 0, underWay: () => store.calls.underWay() },
    values,
    told: event => events.filter(({ is }) => is === event).length,
    failure: async call => watch(await failureOf(call)),
    another: () => programOver({ ...store, close: async () => {} }),
  }
}

const EVENTS: readonly SecretEventName[] = [
  "accepted",
  "refused",
  "failed",
  "recovered",
  "stale",
  "withdrawn",
  "kept",
  "closed",
]

/** Fails if a thing shows a credential, however it is printed; the message does not say which. */
export function expectNoCredential(credentials: readonly string[], thing: unknown): void {
  const shown = exposuresOf(thing).filter(({ text }) =>
    credentials.some(credential => text.includes(credential)),
  )
  expect(shown.map(({ how }) => how)).toEqual([])
}
