import { isSecretError, type RotationJournal, type SecretStore, type StoreWith } from "latchkey"
import { expect, it } from "vitest"
import { permitted } from "./files.ts"
import type { Need } from "./needs.ts"

/** A store with everything that the operations of these backends are. */
export type WholeStore = StoreWith<"write" | "list" | "versions" | "delete"> & SecretStore

/** A store whose identity has been given some permissions, with the secret `tally/api-token` behind it. */
export interface Permitted {
  readonly store: WholeStore
  close(): Promise<void>
}

/** Does one operation in all forms that are meant by it. */
export type Attempt = (store: WholeStore) => Promise<unknown>

const signal = new AbortController().signal
const NAME = "tally/api-token"

/** Carries a rotation from its check to its end, with a journal where the store keeps one. */
export async function rotate(store: SecretStore, name: string, rotationId: string): Promise<void> {
  const ledger = store.rotation?.()
  if (ledger === undefined) throw new Error("the store cannot rotate")
  const { journals } = ledger
  const journal: RotationJournal = {
    schema: 1,
    seq: 1,
    state: "claimed",
    owner: "a-nonce",
    leaseUntil: 0,
    attempt: 0,
  }
  await ledger.check(name, { signal })
  await journals?.load(name, { signal })
  await journals?.save(name, journal, { signal, expectSeq: 0 })
  const version = await currentVersion(store, name)
  const { reference } = await ledger.park(name, { signal, rotationId, value: "a new value" })
  await ledger.kept(name, { signal, rotationId })
  await ledger.promote(name, {
    signal,
    rotationId,
    value: "a new value",
    reference,
    ...(version !== undefined && { expectBase: version }),
    journal: () => ({ ...journal, seq: 2 }),
  })
  await ledger.since?.(name, { signal, ...(version !== undefined && { base: version }) })
  await ledger.discard(name, { signal, rotationId })
  const other = await ledger.park(name, { signal, rotationId: `${rotationId}x`, value: "of no use" })
  await ledger.discard(name, { signal, rotationId: `${rotationId}x`, reference: other.reference })
}

async function currentVersion(store: SecretStore, name: string): Promise<string | undefined> {
  const current = store.rotation?.().current
  if (current !== undefined) return (await current(name, { signal }))?.version
  return (await store.read(name, { signal })).version
}

/** The operations, by their names in `SecretStore`. */
export const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  async read(store) {
    const { version } = await store.read(NAME, { signal })
    await store.read(NAME, { signal, version })
  },
  async write(store) {
    await store.write(NAME, "another value", { signal })
    await store.write("tally/new", "the first value", { signal })
  },
  async list(store) {
    await all(store.list({ signal }))
  },
  async versions(store) {
    await all(store.versions(NAME, { signal }))
  },
  delete: async store => await store.delete(NAME, { signal }),
  rotation: async store => await rotate(store, NAME, "a-rotation"),
}

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) expect(item).toBeDefined()
}

/** Tests that an operation passes under exactly what its file permits, and under nothing that lacks a part of it. */
export function passesUnderExactly(
  { operation, form, file }: Need,
  permittedTo: (permissions: readonly string[]) => Promise<Permitted>,
  attempt: Attempt | undefined = ATTEMPTS[operation],
): void {
  const permissions = permitted(file)
  const tried = async (granted: readonly string[]): Promise<string> => {
    if (attempt === undefined) throw new Error(`nobody knows how to ${operation}`)
    const { store, close } = await permittedTo(granted)
    try {
      await attempt(store)
      return "done"
    } catch (thrown) {
      if (isSecretError(thrown)) return thrown.code
      throw thrown
    } finally {
      await store.close()
      await close()
    }
  }
  it(`lets ${operation}${form === undefined ? "" : `, ${form},`} pass, and nothing that lacks a part of it`, async () => {
    expect(permissions.length).toBeGreaterThan(0)
    expect(await tried(permissions)).toBe("done")
    for (const missing of permissions)
      expect(await tried(permissions.filter(one => one !== missing))).toBe("DENIED")
  })
}
