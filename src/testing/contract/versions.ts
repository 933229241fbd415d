import { calm, collect, ensure, ensureRejects, ensureSame } from "../ensure.ts"
import { type Check, ensureReads, read } from "./check.ts"

/** What versions say, and older ones. */
export const versionChecks: readonly Check[] = [
  {
    name: "gives the same version as long as nobody changes the secret",
    async run(bench) {
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const first = await read(bench.store, name)
      await bench.put(bench.name("other"), bench.value())
      const second = await read(bench.store, name)
      ensure(first.version === second.version, "two reads of an unchanged secret have one version")
    },
  },
  {
    name: "moves the version when the value changes",
    async run(bench) {
      const name = bench.name("token")
      const seen = new Set<string>()
      for (let round = 0; round < 4; round++) {
        await bench.put(name, bench.value())
        seen.add((await read(bench.store, name)).version)
      }
      ensure(seen.size === 4, "four values have four versions")
    },
  },
  {
    name: "tells a value from an empty one by the version, where it holds one",
    async run(bench) {
      if (!bench.holds("")) return
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const first = await read(bench.store, name)
      await bench.put(name, "")
      ensure((await read(bench.store, name)).version !== first.version, "the empty value has another version")
    },
  },
  {
    name: "reads the version that is asked for, or refuses with UNSUPPORTED if it declares that it cannot",
    async run(bench) {
      const { store } = bench
      const [name, older, newer] = [bench.name("token"), bench.value(), bench.value()]
      await bench.put(name, older)
      const { version } = await read(store, name)
      await bench.put(name, newer)
      const current = await read(store, name)
      if (!store.capabilities.versionedReads) {
        await ensureRejects(
          () => store.read(name, { ...calm(), version }),
          "UNSUPPORTED",
          "reading a version, which is declared as impossible",
        )
        return
      }
      const answer = await store.read(name, { ...calm(), version })
      ensureSame(answer.value, older, "the older version")
      ensure(answer.version === version, "the answer says the version that was asked for")
      const again = await store.read(name, { ...calm(), version: current.version })
      ensureSame(again.value, newer, "the current version, asked for by its id")
      await ensureReads(store, name, newer, "the secret without a version")
    },
  },
  {
    name: "says NOT_FOUND for a version that never was, where versions can be read",
    async run(bench) {
      const { store } = bench
      if (!store.capabilities.versionedReads) return
      const [name, other, value] = [bench.name("token"), bench.name("other"), bench.value()]
      await bench.put(name, value)
      await bench.put(other, bench.value())
      await bench.put(other, bench.value())
      await ensureRejects(
        () => store.read(name, { ...calm(), version: "no-such-version" }),
        ["NOT_FOUND", "INVALID_VALUE"],
        "a version that never was",
        [value],
      )
    },
  },
  {
    name: "lists the versions of a secret, one of them the current one, where it can list them",
    async run(bench) {
      const { store } = bench
      if (store.versions === undefined) return
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const first = await read(store, name)
      await bench.put(name, bench.value())
      const second = await read(store, name)

      const infos = await collect(store.versions(name, calm()))
      const ids = infos.map(info => info.version)
      ensure(new Set(ids).size === ids.length, "no version is listed twice")
      const current = infos.filter(info => info.current)
      ensure(current.length === 1, "just one version is the current one")
      ensure(current[0]?.version === second.version, "the current one is what a read answers with")
      ensure(current[0].readable, "the current one can be read")
      if (store.capabilities.versionedReads) {
        const older = infos.find(info => info.version === first.version)
        ensure(older?.readable === true, "the older version is listed as one that can be read")
      }
      for (const info of infos) ensure(!("value" in info), "a listed version has no value")
    },
  },
  {
    name: "lists versions newest first, where it can list them and they have dates",
    async run(bench) {
      const { store } = bench
      if (store.versions === undefined) return
      const name = bench.name("token")
      for (let round = 0; round < 3; round++) await bench.put(name, bench.value())
      let newer = Number.POSITIVE_INFINITY
      for (const { createdAt } of await collect(store.versions(name, calm()))) {
        const time = createdAt?.getTime() ?? newer
        ensure(time <= newer, "no version is listed after one that is older")
        newer = time
      }
    },
  },
  {
    name: "says NOT_FOUND for the versions of a secret that is missing, where it can list them",
    async run(bench) {
      const { store } = bench
      if (store.versions === undefined) return
      const versions = store.versions.bind(store)
      await ensureRejects(
        () => collect(versions(bench.name("missing"), calm())),
        "NOT_FOUND",
        "the versions of a missing secret",
      )
    },
  },
]
