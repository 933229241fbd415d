import { onTestFinished } from "vitest"
import {
  defineStore,
  isSecretError,
  type NameRule,
  SecretError,
  type SecretStore,
  type StoreCapabilities,
  type StoreDefinition,
} from "../../src/core/index.ts"
import {
  type SecretEventName,
  type SecretEvents,
  Secrets,
  type SecretsOptions,
} from "../../src/secrets/index.ts"
import type { FakeClock } from "../../src/testing/index.ts"
import { type Canary, newCanary } from "./canary.ts"
import { checkedFakeClock } from "./clock.ts"

/** One event, with its name. */
export type Said = { [Name in SecretEventName]: { readonly is: Name } & SecretEvents[Name] }[SecretEventName]

/** Everything that a test of `Secrets` needs, on a clock that moves only when it is told to. */
export interface Rig<S extends SecretStore> {
  readonly canary: Canary
  readonly clock: FakeClock
  readonly store: S
  readonly secrets: Secrets<S>
  /** What was told so far, oldest first. */
  readonly said: Said[]
  /** What was told of one kind. */
  saidOf<Name extends SecretEventName>(is: Name): (Said & { is: Name })[]
  /** The error with which a call fails; it is looked through for the canary. */
  failure(call: PromiseLike<unknown> | (() => unknown)): Promise<SecretError>
}

const EVENTS: readonly SecretEventName[] = [
  "accepted",
  "refused",
  "failed",
  "recovered",
  "stale",
  "withdrawn",
  "kept",
  "callbackFailed",
  "closed",
]

/**
 * Puts `Secrets` in front of a store, on a fake clock and with jitter that is always half of what it could be. It is
 * closed when the test ends, and then all that it told is looked through for the canary.
 */
export function rig<S extends SecretStore>(
  makeStore: (clock: FakeClock, canary: Canary) => S,
  options: SecretsOptions = {},
): Rig<S> {
  const canary = newCanary()
  const clock = checkedFakeClock()
  const store = makeStore(clock, canary)
  const secrets = new Secrets(store, { clock, random: () => 0.5, ...options })
  const said: Said[] = []
  for (const is of EVENTS) secrets.on(is, event => said.push({ is, ...event } as Said))
  canary.watch(secrets)
  onTestFinished(async () => {
    canary.watch(secrets.health())
    await secrets.close()
    // Of thousands, the first of each kind.
    for (const is of EVENTS) canary.watch(said.filter(event => event.is === is).slice(0, 50))
  })
  return {
    canary,
    clock,
    store,
    secrets,
    said,
    saidOf: is => said.filter((event): event is Said & { is: typeof is } => event.is === is),
    failure: async call => canary.watch(await failureOf(call)),
  }
}

/** The `SecretError` with which a call fails. */
export async function failureOf(call: PromiseLike<unknown> | (() => unknown)): Promise<SecretError> {
  try {
    await (typeof call === "function" ? call() : call)
  } catch (thrown) {
    if (isSecretError(thrown)) return thrown
    throw new Error("what was thrown is no SecretError")
  }
  throw new Error("nothing was thrown")
}

const names: NameRule = {
  rule: "any name",
  toNative: portable => portable,
  toPortable: native => native,
  holds: () => true,
}

const capabilities: StoreCapabilities = {
  preconditions: { absent: false, version: false },
  versionedReads: false,
  batchSize: 100,
  binary: true,
  expiry: false,
  softDelete: false,
  local: true,
}

/** A store whose every answer the test gives. What is left out does nothing; `read` is `NOT_FOUND`. */
export function scripted<D extends Partial<Omit<StoreDefinition, "capabilities">>>(
  script: D,
  can: Partial<StoreCapabilities> = {},
) {
  const definition = {
    kind: "scripted",
    location: "scripted:",
    names,
    capabilities: { ...capabilities, ...can },
    async read(): Promise<never> {
      throw new SecretError("NOT_FOUND")
    },
    async ping() {},
    async close() {},
    ...script,
  }
  return defineStore(definition as typeof definition & StoreDefinition)
}

/** A store without some of its optional operations. */
export function without<S extends SecretStore, K extends keyof S>(store: S, ...operations: K[]): Omit<S, K> {
  return Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(store)).flatMap(([key]) =>
      (operations as string[]).includes(key) ? [] : [[key, store[key as keyof S]]],
    ),
  ) as Omit<S, K>
}

/** A store that ignores signals: it hangs for ever on whatever it is asked. */
export const never = (): Promise<never> => new Promise<never>(() => undefined)

/** A stand-in for whoever waits: settles when it is told to. */
export interface Gate<T> {
  readonly promise: Promise<T>
  open(value: T): void
  fail(thrown: unknown): void
}

/** Makes a promise that the test settles. */
export function gate<T = void>(): Gate<T> {
  let open: (value: T) => void = () => undefined
  let fail: (thrown: unknown) => void = () => undefined
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { promise, open, fail }
}

/** How a promise stands right now. */
export async function stateOf(promise: Promise<unknown>, clock: FakeClock): Promise<"pending" | "settled"> {
  let state: "pending" | "settled" = "pending"
  promise.then(
    () => {
      state = "settled"
    },
    () => {
      state = "settled"
    },
  )
  await clock.settle()
  return state
}
