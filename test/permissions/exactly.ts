import { isSecretError, type SecretStore, type StoreWith } from "latchkey"
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
}

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) expect(item).toBeDefined()
}

/** Tests that an operation passes under exactly what its file permits, and under nothing that lacks a part of it. */
export function passesUnderExactly(
  { operation, form, file }: Need,
  permittedTo: (permissions: readonly string[]) => Promise<Permitted>,
): void {
  const attempt = ATTEMPTS[operation]
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
