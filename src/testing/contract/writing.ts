import type { SecretStore, SecretValue, VersionInfo, WriteOptions } from "../../core/index.ts"
import { calm, collect, ensure, ensureError, ensureRejects } from "../ensure.ts"
import { type Bench, type Check, ensureReads, read } from "./check.ts"

/** Writes, their preconditions, and deletions. */
export const writingChecks: readonly Check[] = [
  {
    name: "declares nothing for writes if it cannot write",
    async run({ store }) {
      if (store.write !== undefined) return
      const { preconditions, expiry } = store.capabilities
      ensure(!preconditions.absent && !preconditions.version, "a store without write has no preconditions")
      ensure(!expiry, "a store without write sets no expiry")
    },
  },
  {
    name: "declares no soft deletion if it cannot delete",
    async run({ store }) {
      if (store.delete !== undefined) return
      ensure(!store.capabilities.softDelete, "a store without delete has no soft deletion")
    },
  },
  writing("creates a secret, and says its version", async (bench, write) => {
    const [name, value] = [bench.name("token"), bench.value()]
    const info = await write(name, value)
    const answer = await ensureReads(bench.store, name, value, "what was written")
    ensure(info.version === answer.version, "write says the version that a read says")
    ensure(info.current && info.readable, "what was written is current and readable")
    ensure(!("value" in info), "the answer of a write has no value")
  }),
  writing("replaces a value, and moves the version", async (bench, write) => {
    const [name, value] = [bench.name("token"), bench.value()]
    await bench.put(name, bench.value())
    const before = await read(bench.store, name)
    const info = await write(name, value)
    ensure(info.version !== before.version, "another value has another version")
    await ensureReads(bench.store, name, value, "the new value")
  }),
  writing("leaves all other secrets alone", async (bench, write) => {
    const [name, other, value] = [bench.name("token"), bench.name("token-two"), bench.value()]
    await bench.put(other, value)
    const before = await read(bench.store, other)
    await write(name, bench.value())
    await write(name, bench.value())
    const after = await ensureReads(bench.store, other, value, "the other secret")
    ensure(after.version === before.version, "the other secret keeps its version")
  }),
  writing(
    'creates only what is absent with expect: "absent", or refuses to promise it',
    async (bench, write) => {
      const [name, first, second] = [bench.name("token"), bench.value(), bench.value()]
      if (!bench.store.capabilities.preconditions.absent) {
        await ensureRejects(
          () => write(name, first, { expect: "absent" }),
          "UNSUPPORTED",
          'expect: "absent"',
          [first],
        )
        await ensureRejects(() => read(bench.store, name), "NOT_FOUND", "what was refused")
        return
      }
      await write(name, first, { expect: "absent" })
      await ensureReads(bench.store, name, first, "what was created")
      await ensureRejects(() => write(name, second, { expect: "absent" }), "CONFLICT", "creating it again", [
        second,
      ])
      await ensureReads(bench.store, name, first, "the value after the conflict")
    },
  ),
  writing("replaces only the version that is expected, or refuses to promise it", async (bench, write) => {
    const [name, first, second, third] = [bench.name("token"), bench.value(), bench.value(), bench.value()]
    const { version: old } = await write(name, first)
    if (!bench.store.capabilities.preconditions.version) {
      await ensureRejects(() => write(name, second, { expect: old }), "UNSUPPORTED", "expect: a version", [
        second,
      ])
      await ensureReads(bench.store, name, first, "the value after the refusal")
      return
    }
    await write(name, second, { expect: old })
    await ensureReads(bench.store, name, second, "the value that replaced the expected version")
    await ensureRejects(() => write(name, third, { expect: old }), "CONFLICT", "expecting an older version", [
      third,
    ])
    await ensureReads(bench.store, name, second, "the value after the conflict")
    await ensureRejects(
      () => write(bench.name("missing"), third, { expect: old }),
      "CONFLICT",
      "expecting a version of a missing secret",
      [third],
    )
    await ensureRejects(() => read(bench.store, bench.name("missing")), "NOT_FOUND", "the missing secret")
  }),
  writing("keeps the time of expiry, or refuses to promise it", async (bench, write) => {
    const [name, value] = [bench.name("token"), bench.value()]
    const expiresAt = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 86_400_000)
    if (!bench.store.capabilities.expiry) {
      await ensureRejects(() => write(name, value, { expiresAt }), "UNSUPPORTED", "expiresAt", [value])
      await ensureRejects(() => read(bench.store, name), "NOT_FOUND", "what was refused")
      return
    }
    await write(name, value, { expiresAt })
    const answer = await ensureReads(bench.store, name, value, "the value that expires")
    ensure(answer.expiresAt?.getTime() === expiresAt.getTime(), "a read says when the value expires")
  }),
  deleting("removes a secret, and no other", async (bench, remove) => {
    const [name, other, value] = [bench.name("token"), bench.name("token-two"), bench.value()]
    await bench.put(name, bench.value())
    await bench.put(other, value)
    await remove(name)
    await ensureRejects(() => read(bench.store, name), "NOT_FOUND", "the deleted secret")
    await ensureReads(bench.store, other, value, "the other secret")
  }),
  deleting(
    "removes a secret with all its versions, unless it declares soft deletion",
    async (bench, remove) => {
      const { store } = bench
      const name = bench.name("token")
      const versions: string[] = []
      for (let round = 0; round < 2; round++) {
        await bench.put(name, bench.value())
        versions.push((await read(store, name)).version)
      }
      await remove(name)
      if (store.capabilities.softDelete) return
      for (const version of store.capabilities.versionedReads ? versions : []) {
        await ensureRejects(
          () => store.read(name, { ...calm(), version }),
          ["NOT_FOUND", "INVALID_VALUE"],
          "a version of the deleted secret",
        )
      }
      if (store.versions === undefined) return
      const left = await collect(store.versions(name, calm())).catch((thrown: unknown) => {
        ensureError(thrown, "NOT_FOUND", "the versions of the deleted secret")
        return []
      })
      ensure(left.length === 0, "a deleted secret has no versions")
    },
  ),
  deleting("says NOT_FOUND for the deletion of a secret that is missing", async (bench, remove) => {
    await ensureRejects(() => remove(bench.name("missing")), "NOT_FOUND", "deleting a missing secret")
  }),
  deleting(
    "frees the name of a deleted secret, or says CONFLICT if it declares soft deletion",
    async (bench, remove) => {
      const { store } = bench
      const [name, value] = [bench.name("token"), bench.value()]
      await bench.put(name, bench.value())
      await remove(name)
      if (store.write === undefined) return
      const write = store.write.bind(store)
      const { softDelete, preconditions } = store.capabilities
      const options: WriteOptions = preconditions.absent ? { ...calm(), expect: "absent" } : calm()
      if (!softDelete) {
        await write(name, value, options)
        await ensureReads(store, name, value, "the new secret of the same name")
        return
      }
      const error = await ensureRejects(
        () => write(name, value, options),
        "CONFLICT",
        "a name that stays taken",
        [value],
      )
      ensure(error.hint !== undefined, "the conflict says the way back")
    },
  ),
]

type Write = (
  name: string,
  value: SecretValue,
  options?: Omit<WriteOptions, "signal">,
) => Promise<VersionInfo>

function writing(sentence: string, run: (bench: Bench, write: Write) => Promise<void>): Check {
  return {
    name: `${sentence}, where it can write`,
    async run(bench) {
      const store: SecretStore = bench.store
      const { write } = store
      if (write === undefined) return
      await run(bench, (name, value, options) => write.call(store, name, value, { ...calm(), ...options }))
    },
  }
}

function deleting(
  sentence: string,
  run: (bench: Bench, remove: (name: string) => Promise<void>) => Promise<void>,
): Check {
  return {
    name: `${sentence}, where it can delete`,
    async run(bench) {
      const store: SecretStore = bench.store
      const { delete: remove } = store
      if (remove === undefined) return
      await run(bench, name => remove.call(store, name, calm()))
    },
  }
}
