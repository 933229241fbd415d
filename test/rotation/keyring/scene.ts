import { onTestFinished } from "vitest"
import { type MemoryStore, memory } from "../../../providers/memory/index.ts"
import { SecretError, type SecretValue } from "../../../src/core/index.ts"
import { type Keyring, type KeyringOptions, keyring } from "../../../src/rotation/keyring/index.ts"
import { formatKeySet, type StoredKey } from "../../../src/rotation/keyring/set.ts"
import type { SecretsOptions } from "../../../src/secrets/index.ts"
import { type FakeClock, type Faulty, faulty } from "../../../src/testing/index.ts"
import { type Rig, rig, scripted, without } from "../../support/rig.ts"

/** The secret that all of these tests are about. */
export const NAME = "auth/jwt-key"

/** A store in memory whose changes nobody is told of: they are found by polling. */
export type Quiet = Omit<MemoryStore, "watch"> & Faulty

/** Makes one, which keeps versions or does not. */
function quietMemory(kept: "versions" | "no versions", clock: FakeClock): Quiet {
  const store = faulty(memory({}, { clock }), { clock })
  return without(store, "watch", ...(kept === "versions" ? [] : (["versions"] as const))) as Quiet
}

/**
 * A store where a version is made long before it becomes the current one, as where stages are moved.
 *
 * @param options whether its versions are dated, and how many of the newest are not listed yet.
 */
export function stagedStore(clock: FakeClock, { dated = true, behind = 0 } = {}) {
  const made: { readonly version: string; readonly value: SecretValue; readonly createdAt: Date }[] = []
  let current: string | undefined
  const store = scripted(
    {
      async read(_name: string, { version = current }: { version?: string }) {
        const found = made.find(each => each.version === version)
        if (found === undefined) throw new SecretError("NOT_FOUND")
        return { version: found.version, value: found.value }
      },
      async *versions() {
        for (const { version, createdAt } of made.toReversed().slice(behind))
          yield { version, current: version === current, readable: true, ...(dated ? { createdAt } : {}) }
      },
    },
    { versionedReads: true },
  )
  return {
    store,
    /** Makes a version, which is not the current one unless it is the first. */
    park(value: SecretValue): string {
      const version = `v${made.length + 1}`
      made.push({ version, value, createdAt: new Date(clock.wall()) })
      current ??= version
      return version
    },
    /** Makes a version the current one. */
    promote(version: string): void {
      current = version
    },
  }
}

export interface KeyringScene extends Rig<Quiet> {
  /** The value of a key: a word, and the canary. */
  key(word: string): string
  /** The text of a set of these keys, whose values are their ids and the canary. */
  set(current: string, ...keys: (string | Partial<StoredKey>)[]): string
  /** Changes the secret behind the back of everybody. */
  put(value: SecretValue): Promise<void>
  /** Opens the keyring, which is closed when the test ends; all that it shows is looked through for the canary. */
  open(options?: KeyringOptions): Promise<Keyring>
}

/** Puts `Secrets` in front of a store that can be made to fail, on a fake clock, with a `ttl` of a minute. */
export function keyringScene(kept: "versions" | "no versions", options: SecretsOptions = {}): KeyringScene {
  const made = rig(
    clock => quietMemory(kept, clock),
    // Without an overlap Secrets itself never asks for older versions.
    { ttl: "1m", maxStale: "10m", overlap: "0s", ...options },
  )
  const { canary, clock, secrets, store } = made
  const key = (word: string): string => `${word}-${canary.text}`
  const { signal } = new AbortController()
  return {
    ...made,
    key,
    set: (current, ...keys) =>
      formatKeySet({
        current,
        keys: keys.map(each => {
          const stored = typeof each === "string" ? { id: each } : each
          const { id = "" } = stored
          return { value: key(id), ...stored, id }
        }),
      }),
    put: async value => void (await store.write(NAME, value, { signal })),
    async open(more = {}) {
      const opened = await keyring(secrets, NAME, { clock, ...more })
      onTestFinished(async () => {
        canary.watch(opened)
        await opened.close()
      })
      return opened
    },
  }
}

/** What keys a keyring has, without their values. */
export const idsOf = (keys: Keyring): string[] => keys.keys().map(({ id }) => id)

/** What keys a keyring has: their values by their ids. */
export const valuesOf = (keys: Keyring): Record<string, string> =>
  Object.fromEntries(keys.keys().map(key => [key.id, key.reveal()]))
