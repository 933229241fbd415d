import { describe, expect, it } from "vitest"
import {
  journalText,
  type RotationJournal,
  readJournal,
  SecretError,
  type StoreWith,
} from "../../src/core/index.ts"
import { type LedgerHarness, testLedger } from "../../src/testing/index.ts"
import { newCanary } from "../support/canary.ts"
import {
  type Bug,
  candidateOf,
  conflict,
  journalOf,
  type ReferenceLedgerOptions,
  referenceLedger,
} from "./reference-ledger.ts"

// A test of the tests: each planted bug must turn at least the named check red.

interface Failure {
  readonly check: string
  readonly message: string
}

/** Runs the whole suite without a test framework, and gives the checks that fail. */
async function failuresOf(make: () => LedgerHarness): Promise<Failure[]> {
  const checks: { name: string; body: () => Promise<void> }[] = []
  const canary = newCanary()
  const withCanary = async (): Promise<LedgerHarness> => {
    const harness = make()
    await harness.put("other/canary", canary.text)
    return harness
  }
  testLedger("planted", withCanary, {
    describe: (_name, body) => body(),
    it: (name, body) => checks.push({ name, body }),
    patience: "150ms",
  })
  const failures: Failure[] = canary.watch([])
  for (const { name, body } of checks) {
    try {
      await body()
    } catch (thrown) {
      failures.push({ check: name, message: thrown instanceof Error ? thrown.message : typeof thrown })
    }
  }
  return failures
}

interface Planted extends ReferenceLedgerOptions {
  /** The check that has to fail. */
  readonly red: RegExp
}

const never = (): Promise<never> => new Promise<never>(() => undefined)

/** The journals of a ledger, with one of their calls changed. */
const journals =
  (change: (plant: Parameters<Bug>[0]) => Partial<Parameters<Bug>[0]["ledger"]["journals"]>): Bug =>
  plant => ({ journals: { ...plant.ledger.journals, ...change(plant) } })

/** A store that is not what `defineStore` would make of it. */
const stored =
  (change: (store: StoreWith<"rotation">) => Partial<StoreWith<"rotation">>) =>
  (store: StoreWith<"rotation">): StoreWith<"rotation"> => ({ ...store, ...change(store) })

const BUGS: Readonly<Record<string, Planted>> = {
  "keeps no journals, and declares them": {
    bug: () => ({ journals: undefined as never }),
    red: /^keeps journals, or declares/,
  },
  "keeps journals, and declares none": {
    declares: { journals: false },
    red: /^keeps journals, or declares/,
  },
  "fails where there is no journal": {
    bug: journals(({ ledger }) => ({
      async load(name, options) {
        const loaded = await ledger.journals.load(name, options)
        if (loaded.journal === undefined) throw new SecretError("NOT_FOUND")
        return loaded
      },
    })),
    red: /^knows no journal of a secret/,
  },
  "lets everybody write the first journal": {
    bug: journals(({ service }) => ({
      async save(name, journal, { expectSeq }) {
        const held = service.current(journalOf(name))
        const seq = held === undefined ? 0 : readJournal(held.value as string).seq
        await service.arrive()
        if (seq !== expectSeq) throw conflict()
        service.put(journalOf(name), journalText(journal))
      },
    })),
    red: /^elects one of eight who write the first journal/,
  },
  "elects the first journal, and nobody after it": {
    bug: journals(({ service, ledger }) => ({
      async save(name, journal, options) {
        if (options.expectSeq === 0) return await ledger.journals.save(name, journal, options)
        const held = service.current(journalOf(name))
        await service.arrive()
        if (held && readJournal(held.value as string).seq === options.expectSeq)
          service.put(journalOf(name), journalText(journal))
        else throw conflict()
      },
    })),
    red: /^elects one of eight who change a journal/,
  },
  "writes whatever journal comes": {
    bug: journals(({ service }) => ({
      async save(name, journal) {
        service.put(journalOf(name), journalText(journal))
      },
    })),
    red: /^refuses to write over a journal of another number/,
  },
  "writes a journal that is newer by any number": {
    bug: journals(({ service }) => ({
      async save(name, journal) {
        const held = service.current(journalOf(name))
        if (held !== undefined && readJournal(held.value as string).seq >= journal.seq) throw conflict()
        service.put(journalOf(name), journalText(journal))
      },
    })),
    red: /^refuses to write over a journal of another number/,
  },
  "fails in its own way where another journal was written": {
    bug: journals(({ ledger }) => ({
      async save(name, journal, options) {
        await ledger.journals.save(name, journal, options).catch(() => {
          throw new SecretError("UNAVAILABLE", { outcome: "unknown" })
        })
      },
    })),
    red: /^elects one of eight who write the first journal/,
  },
  "remembers journals": {
    bug: journals(({ ledger }) => {
      const known = new Map<string, RotationJournal>()
      return {
        async load(name, options) {
          const loaded = await ledger.journals.load(name, options)
          const journal = known.get(name) ?? loaded.journal
          if (journal) known.set(name, journal)
          return { ...loaded, ...(journal && { journal }) }
        },
      }
    }),
    red: /^carries a journal on, whoever writes it/,
  },
  "keeps journals for itself": {
    bug: journals(({ service }) => {
      const own = new Map<string, RotationJournal>()
      return {
        async load(name) {
          await service.arrive()
          const journal = own.get(name)
          return { ...(journal && { journal }) }
        },
        async save(name, journal, { expectSeq }) {
          if ((own.get(name)?.seq ?? 0) !== expectSeq) throw conflict()
          own.set(name, journal)
        },
      }
    }),
    red: /^gives back every field of a journal as it was written, to others too/,
  },
  "forgets fields of journals": {
    bug: journals(({ ledger }) => ({
      async save(name, { knownIds: _, ...journal }, options) {
        await ledger.journals.save(name, journal, options)
      },
    })),
    red: /^gives back every field of a journal/,
  },
  "keeps one journal for names that are alike": {
    bug: journals(({ ledger }) => ({
      load: (name, options) => ledger.journals.load(name.replaceAll("-", ""), options),
      save: (name, journal, options) => ledger.journals.save(name.replaceAll("-", ""), journal, options),
    })),
    red: /^keeps the journals of secrets apart/,
  },
  "keeps the journal with a version of the secret": {
    bug: journals(({ service, ledger }) => {
      const keyOf = (name: string): string => `${name}--${service.current(name)?.version}`
      return {
        load: (name, options) => ledger.journals.load(keyOf(name), options),
        save: (name, journal, options) => ledger.journals.save(keyOf(name), journal, options),
      }
    }),
    red: /^keeps a journal when somebody changes the secret/,
  },
  "believes what stands in a journal": {
    bug: journals(({ service }) => ({
      async load(name) {
        const held = service.current(journalOf(name))
        return { ...(held && { journal: JSON.parse(held.value as string) }) }
      },
    })),
    red: /^refuses a journal that is garbled, and one of a newer form/,
  },
  "takes a garbled journal for none": {
    bug: journals(({ ledger }) => ({
      load: (name, options) => ledger.journals.load(name, options).catch(() => ({})),
    })),
    red: /^refuses a journal that is garbled/,
  },
  "writes over a garbled journal": {
    bug: journals(({ service, ledger }) => ({
      async save(name, journal, options) {
        try {
          await ledger.journals.save(name, journal, options)
        } catch (thrown) {
          if ((thrown as SecretError).code === "CONFLICT") throw thrown
          service.put(journalOf(name), journalText(journal))
        }
      },
    })),
    red: /^refuses a journal that is garbled/,
  },
  "quotes a garbled journal": {
    bug: journals(({ service, ledger }) => ({
      async load(name, options) {
        return await ledger.journals.load(name, options).catch(() => {
          throw new SecretError("INVALID_VALUE", { message: String(service.current(journalOf(name))?.value) })
        })
      },
    })),
    red: /^refuses a journal that is garbled/,
  },
  "keeps candidates as text": {
    bug: ({ ledger }) => ({
      park: (name, options) => ledger.park(name, { ...options, value: String(options.value) }),
    }),
    red: /^gives a candidate back as it was parked/,
  },
  "keeps candidates for itself": {
    bug: () => {
      const own = new Map<string, string | Uint8Array>()
      return {
        async park(name, { rotationId, value }) {
          const reference = candidateOf(name, rotationId)
          own.set(reference, value)
          return { reference, mine: true }
        },
        async kept(name, { rotationId, reference = candidateOf(name, rotationId) }) {
          const value = own.get(reference)
          return value === undefined ? undefined : { reference, value }
        },
      }
    },
    red: /^gives a candidate back as it was parked, to others too/,
  },
  "finds a candidate by its reference only": {
    bug: ({ ledger }) => ({
      kept: async (name, options) =>
        options.reference === undefined ? undefined : await ledger.kept(name, options),
    }),
    red: /^gives a candidate back for its rotation, without a reference/,
  },
  "finds the candidate of any rotation": {
    bug: ({ ledger, service }) => ({
      async kept(name, options) {
        const found = await ledger.kept(name, options)
        if (found !== undefined) return found
        const path = [...service.secrets.keys()].find(one => one.startsWith(candidateOf(name, "")))
        return path === undefined
          ? undefined
          : { reference: path, value: service.current(path)?.value as string }
      },
    }),
    red: /^gives a candidate back for its rotation/,
  },
  "parks over a candidate": {
    bug: ({ service }) => ({
      async park(name, { rotationId, value }) {
        const reference = candidateOf(name, rotationId)
        service.put(reference, value)
        return { reference, mine: true }
      },
    }),
    red: /^keeps the first candidate of a rotation/,
  },
  "lets all candidates be parked that come at once": {
    bug: ({ service }) => ({
      async park(name, { rotationId, value }) {
        const reference = candidateOf(name, rotationId)
        const held = service.current(reference)
        await service.arrive()
        if (held !== undefined) return { reference, mine: held.value === value }
        service.put(reference, value)
        return { reference, mine: true }
      },
    }),
    red: /^elects one candidate of eight/,
  },
  "tells everybody that the candidate is theirs": {
    bug: ({ ledger }) => ({
      park: async (name, options) => ({ ...(await ledger.park(name, options)), mine: true }),
    }),
    red: /^keeps the first candidate of a rotation/,
  },
  "does not know a candidate again that was parked before": {
    bug: ({ ledger, service }) => ({
      async park(name, options) {
        const known = service.current(candidateOf(name, options.rotationId)) !== undefined
        return { ...(await ledger.park(name, options)), mine: !known }
      },
    }),
    red: /^keeps the first candidate of a rotation/,
  },
  "refuses a candidate that comes second": {
    bug: ({ ledger }) => ({
      async park(name, options) {
        const parked = await ledger.park(name, options)
        if (!parked.mine) throw conflict()
        return parked
      },
    }),
    red: /^elects one candidate of eight/,
  },
  "elects, and declares that it does not": {
    declares: { parkElects: false },
    red: /^parks a candidate for each who asks/,
  },
  "discards all candidates of a rotation where one is meant": {
    promises: { parkElects: false, creates: false },
    bug: ({ service }) => ({
      async discard(name, { rotationId }) {
        for (const path of [...service.secrets.keys()])
          if (path.startsWith(candidateOf(name, rotationId))) service.secrets.delete(path)
      },
    }),
    red: /^parks a candidate for each who asks/,
  },
  "has one place for the candidates of a secret": {
    bug: ({ ledger }) => ({
      park: (name, options) => ledger.park(name, { ...options, rotationId: "candidate" }),
      kept: (name, options) => ledger.kept(name, { ...options, rotationId: "candidate" }),
      discard: (name, options) => ledger.discard(name, { ...options, rotationId: "candidate" }),
    }),
    red: /^keeps the candidates of two rotations apart/,
  },
  "has one place for the candidates of a rotation": {
    bug: ({ ledger }) => ({
      park: (_, options) => ledger.park("any", options),
      kept: (_, options) => ledger.kept("any", options),
      discard: (_, options) => ledger.discard("any", options),
    }),
    red: /^keeps the candidates of two secrets apart/,
  },
  "discards nothing": {
    bug: () => ({ discard: async () => undefined }),
    red: /^gives nothing after a candidate was discarded/,
  },
  "discards what has a reference only": {
    bug: ({ ledger }) => ({
      async discard(name, options) {
        if (options.reference === undefined) throw new SecretError("NOT_FOUND")
        await ledger.discard(name, options)
      },
    }),
    red: /^gives nothing after a candidate was discarded/,
  },
  "discards a candidate once": {
    bug: ({ ledger, service }) => ({
      async discard(name, options) {
        const path = candidateOf(name, options.rotationId)
        if (options.reference !== undefined && service.current(path) === undefined)
          throw new SecretError("NOT_FOUND")
        await ledger.discard(name, options)
      },
    }),
    red: /^gives nothing after a candidate was discarded/,
  },
  "remembers a candidate that was discarded": {
    bug: ({ ledger }) => {
      const known = new Map<string, Awaited<ReturnType<typeof ledger.kept>>>()
      return {
        async kept(name, options) {
          const key = `${name} ${options.rotationId} ${options.reference}`
          const kept = known.get(key) ?? (await ledger.kept(name, options))
          known.set(key, kept)
          return kept
        },
        async park(name, options) {
          const parked = await ledger.park(name, options)
          const kept = { reference: parked.reference, value: options.value }
          known.set(`${name} ${options.rotationId} ${parked.reference}`, kept)
          return parked
        },
      }
    },
    red: /^gives nothing after a candidate was discarded, at once/,
  },
  "parks where consumers read": {
    bug: ({ service }) => ({
      async park(name, { value }) {
        return { reference: service.put(name, value).version, mine: true }
      },
    }),
    red: /^shows consumers nothing before the promotion/,
  },
  "keeps candidates where everybody lists": {
    bug: ({ service, ledger }) => ({
      async park(name, options) {
        service.put(`${name}-${options.rotationId}`, "a copy")
        return await ledger.park(name, options)
      },
    }),
    red: /^shows consumers nothing before the promotion/,
  },
  "moves the version while a candidate is parked": {
    bug: ({ service, ledger }) => ({
      async park(name, options) {
        const now = service.current(name)
        if (now !== undefined) service.put(name, now.value)
        return await ledger.park(name, options)
      },
    }),
    red: /^shows consumers nothing before the promotion/,
  },
  "keeps journals below the prefix of the user": {
    bug: journals(({ ledger, prefix = "" }) => ({
      load: (name, options) => ledger.journals.load(prefix + name, options),
      save: (name, journal, options) => ledger.journals.save(prefix + name, journal, options),
    })),
    red: /^lists nothing of its own, with a prefix neither/,
  },
  "promotes in another way than it says": {
    declares: { promotion: "detected" },
    red: /^says how it promotes/,
  },
  "lists no versions where that is needed": {
    promises: { promotion: "detected", journals: false },
    bug: () => ({ since: undefined as never }),
    red: /^says how it promotes/,
  },
  "promotes another value": {
    bug: ({ ledger }) => ({
      promote: (name, options) =>
        ledger.promote(name, {
          ...options,
          value: typeof options.value === "string" ? options.value.trim() : options.value,
        }),
    }),
    red: /^makes a candidate the current value/,
  },
  "tells another version than the promoted one": {
    bug: ({ ledger }) => ({
      promote: async (name, options) => ({ ...(await ledger.promote(name, options)), version: "v1" }),
    }),
    red: /^makes a candidate the current value/,
  },
  "promotes its neighbours": {
    bug: ({ ledger, service }) => ({
      async promote(name, options) {
        if (service.current(`${name}-two`) !== undefined) service.put(`${name}-two`, options.value)
        return await ledger.promote(name, options)
      },
    }),
    red: /^makes a candidate the current value/,
  },
  "discards what it promoted": {
    bug: ({ ledger, service }) => ({
      async discard(name, options) {
        const candidate = await ledger.kept(name, options)
        if (candidate?.value === service.current(name)?.value) service.secrets.get(name)?.pop()
        await ledger.discard(name, options)
      },
    }),
    red: /^leaves the promoted secret alone/,
  },
  "says that it writes the journal, and does not": {
    bug: ({ ledger }) => ({
      promote: async (name, options) => ({ ...(await ledger.promote(name, options)), journaled: true }),
    }),
    declares: { journaled: true },
    red: /^writes the journal with the secret, or leaves it alone/,
  },
  "writes the journal, and does not say so": {
    promises: { journaled: true },
    declares: { journaled: false },
    bug: ({ ledger }) => ({
      promote: async (name, options) => ({ ...(await ledger.promote(name, options)), journaled: false }),
    }),
    red: /^writes the journal with the secret, or leaves it alone/,
  },
  "writes the journal over somebody else's": {
    promises: { journaled: true },
    bug: ({ service }) => ({
      async promote(name, { value, expectBase, journal, rotationId }) {
        const held = service.putIf(name, expectBase, value, rotationId)
        service.put(journalOf(name), journalText(journal(held)))
        return { version: held.version, journaled: true }
      },
    }),
    red: /^refuses where the journal is another one/,
  },
  "promotes whatever the secret is": {
    bug: ({ service }) => ({
      async promote(name, { value }) {
        return { version: service.put(name, value).version, journaled: false }
      },
    }),
    red: /^never writes over what a person wrote/,
  },
  "refuses the first time only": {
    bug: ({ ledger, service }) => {
      const refused = new Set<string>()
      return {
        async promote(name, options) {
          const base = service.current(name)?.version
          const again = refused.has(options.rotationId) && base !== undefined
          refused.add(options.rotationId)
          return await ledger.promote(name, again ? { ...options, expectBase: base } : options)
        },
      }
    },
    red: /^never writes over what a person wrote/,
  },
  "does not know whether it refused": {
    bug: ({ ledger }) => ({
      async promote(name, options) {
        return await ledger.promote(name, options).catch(() => {
          throw new SecretError("UNAVAILABLE", { outcome: "unknown" })
        })
      },
    }),
    red: /^never writes over what a person wrote/,
  },
  "does not notice a write of the same value": {
    promises: { noticesSameValue: false },
    declares: { noticesSameValue: true },
    red: /^takes a write of the same value for a change/,
  },
  "notices a write of the same value, and declares that it does not": {
    declares: { noticesSameValue: false },
    red: /^takes a write of the same value for a change/,
  },
  "brings a removed secret back": {
    bug: ({ ledger, service }) => ({
      async promote(name, { expectBase, ...options }) {
        const gone = service.current(name) === undefined
        return await ledger.promote(name, { ...options, ...(!gone && expectBase && { expectBase }) })
      },
    }),
    red: /^refuses a secret that a person removed/,
  },
  "promotes over a secret that must not be there": {
    bug: ({ ledger, service }) => ({
      async promote(name, options) {
        const base = options.expectBase ?? service.current(name)?.version
        return await ledger.promote(name, { ...options, ...(base && { expectBase: base }) })
      },
    }),
    red: /^refuses where there must be no secret/,
  },
  "creates no secret, and declares that it does": {
    bug: ({ ledger }) => ({
      async promote(name, options) {
        if (options.expectBase === undefined) throw new SecretError("NOT_FOUND")
        return await ledger.promote(name, options)
      },
    }),
    red: /^creates a secret that is missing/,
  },
  "takes a missing secret, and declares that it does not": {
    declares: { creates: false },
    red: /^creates a secret that is missing, or refuses/,
  },
  "calls a repeated promotion a success": {
    bug: ({ ledger, service }) => ({
      async promote(name, options) {
        const now = service.current(name)
        if (now?.value === options.value) return { version: now.version, journaled: false }
        return await ledger.promote(name, options)
      },
    }),
    red: /^refuses the same promotion again/,
  },
  "promotes whatever comes later": {
    bug: ({ service }) => ({
      async promote(name, { value, expectBase, rotationId }) {
        const known = service.secrets.get(name)?.some(held => held.version === expectBase)
        const again = service.current(name)?.rotationId === rotationId
        if (again || (expectBase === undefined ? service.current(name) !== undefined : !known))
          throw conflict()
        return { version: service.put(name, value, rotationId).version, journaled: false }
      },
    }),
    red: /^refuses a promotion that comes a rotation late/,
  },
  "looks, and then promotes": {
    bug: ({ service }) => ({
      async promote(name, { value, expectBase }) {
        const found = service.current(name)?.version
        await service.arrive()
        if (found !== expectBase) throw conflict()
        return { version: service.put(name, value).version, journaled: false }
      },
    }),
    red: /^promotes once where eight do so/,
  },
  "looks, waits, and promotes over a person": {
    bug: ({ service, ledger }) => ({
      async promote(name, options) {
        if (service.current(name)?.version !== options.expectBase) throw conflict()
        await service.arrive()
        await service.arrive()
        const base = service.current(name)?.version
        return await ledger.promote(name, { ...options, ...(base && { expectBase: base }) })
      },
    }),
    red: /^lets either a person's write or the promotion stand/,
  },
  "promotes only what was parked": {
    bug: ({ ledger }) => ({
      async promote(name, options) {
        if (options.reference === undefined) throw new SecretError("NOT_FOUND")
        return await ledger.promote(name, options)
      },
    }),
    red: /^promotes a value that was never parked/,
  },
  "promotes what is parked, and not what is asked for": {
    bug: ({ ledger }) => ({
      async promote(name, options) {
        const kept = await ledger.kept(name, { signal: options.signal, rotationId: options.rotationId })
        return await ledger.promote(name, { ...options, value: kept?.value ?? options.value })
      },
    }),
    red: /^promotes a value that was never parked/,
  },
  "does not say which versions are ours": {
    promises: { promotion: "detected", journals: false },
    bug: ({ ledger }) => ({
      since: async (name, options) => (await ledger.since(name, options)).map(({ version }) => ({ version })),
    }),
    red: /^lists the versions since another one/,
  },
  "calls every version ours": {
    promises: { promotion: "detected", journals: false },
    bug: ({ ledger }) => ({
      since: async (name, options) =>
        (await ledger.since(name, options)).map(one => ({ rotationId: "r", ...one })),
    }),
    red: /^lists the versions since another one/,
  },
  "lists all versions since any": {
    promises: { promotion: "detected", journals: false },
    bug: ({ ledger }) => ({ since: (name, { signal }) => ledger.since(name, { signal }) }),
    red: /^lists the versions since another one/,
  },
  "keeps no value from before": {
    bug: ({ ledger }) => ({
      async promote(name, options) {
        const { version, journaled } = await ledger.promote(name, options)
        return { version, journaled }
      },
    }),
    red: /^keeps the value before a promotion until it is discarded/,
  },
  "says where the value before is, and it is not there": {
    bug: ({ ledger }) => ({
      promote: async (name, options) => ({ ...(await ledger.promote(name, options)), previous: "nowhere" }),
    }),
    red: /^keeps the value before a promotion/,
  },
  "does not find the value before without its reference": {
    bug: () => ({ former: async () => undefined }),
    red: /^keeps the value before a promotion until it is discarded/,
  },
  "takes the value now for the one before": {
    bug: ({ ledger }) => ({
      async promote(name, options) {
        const promoted = await ledger.promote(name, options)
        return { ...promoted, previous: promoted.version }
      },
    }),
    red: /^keeps the value before a promotion/,
  },
  "cannot go back": {
    bug: ({ ledger, service }) => ({
      async promote(name, options) {
        if (service.secrets.get(name)?.some(held => held.version === options.reference)) throw conflict()
        return await ledger.promote(name, options)
      },
    }),
    red: /^goes back to the value before/,
  },
  "is deaf to signals that have aborted": {
    store: stored(store => {
      const own = store.rotation()
      const { signal } = new AbortController()
      return {
        rotation: () => ({
          ...own,
          park: (name, options) => own.park(name, { ...options, signal }),
        }),
      }
    }),
    red: /^ends every call whose signal has aborted before/,
  },
  "never ends a call": {
    bug: () => ({ check: never }),
    red: /^ends every call whose signal aborts meanwhile/,
  },
  "says that nothing was done where a caller left in the middle": {
    bug: ({ ledger, service }) => ({
      async discard(name, options) {
        const { rotationId, signal } = options
        if (service.current(candidateOf(name, rotationId)) !== undefined)
          return await ledger.discard(name, options)
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(new SecretError("UNAVAILABLE")), { once: true })
        })
      },
    }),
    red: /^ends every call whose signal aborts meanwhile/,
  },
  "takes any name": {
    store: stored(store => ({
      rotation: () => ({ ...store.rotation(), kept: async () => undefined }),
    })),
    red: /^refuses names that could lead elsewhere/,
  },
  "leaves listeners on signals": {
    bug: ({ ledger }) => ({
      async kept(name, options) {
        options.signal.addEventListener("abort", () => undefined)
        return await ledger.kept(name, options)
      },
    }),
    red: /^takes the listeners off the signal again/,
  },
  "is another one every time": {
    store: stored(store => ({ rotation: () => ({ ...store.rotation() }) })),
    red: /^is the same one every time/,
  },
  "refuses what it can rotate": {
    bug: () => ({
      async check() {
        throw new SecretError("UNSUPPORTED", { hint: "do not" })
      },
    }),
    red: /^finds nothing wrong with a secret that can be rotated/,
  },
  "begins when it only looks": {
    bug: ({ ledger, service }) => ({
      async check(name, options) {
        const now = service.current(name)
        if (now !== undefined) service.put(name, now.value)
        await ledger.check(name, options)
      },
    }),
    red: /^finds nothing wrong with a secret that can be rotated, and changes nothing/,
  },
  "writes a journal when it only looks": {
    bug: ({ ledger, service }) => ({
      async check(name, options) {
        const journal = { schema: 1, seq: 1, state: "idle", owner: "o", leaseUntil: 0, attempt: 0 } as const
        service.put(journalOf(name), journalText(journal))
        await ledger.check(name, options)
      },
    }),
    red: /^finds nothing wrong with a secret that can be rotated, and changes nothing/,
  },
  "gives versions that only this process understands": {
    ownVersions: true,
    bug: () => ({ current: undefined as never }),
    red: /^gives versions that mean the same to others/,
  },
  "takes a missing secret for an empty one": {
    ownVersions: true,
    bug: ({ ledger }) => ({
      current: async (name, options) => (await ledger.current(name, options)) ?? { version: "v0", value: "" },
    }),
    red: /^gives versions that mean the same to others, and knows a missing secret/,
  },
  "tells one place for all secrets": {
    bug: () => ({ placeOf: async () => "here" }),
    red: /^tells a place for each secret/,
  },
  "tells a place as its user calls it": {
    bug: ({ prefix = "", ledger }) => ({
      placeOf: async (name, options) => `${prefix} ${await ledger.placeOf?.(name, options)} ${name}`,
    }),
    red: /^tells a place for each secret, the same to all who mean it/,
  },
  "tells one permission twice": {
    bug: ({ ledger }) => ({
      permissions: name => [...ledger.permissions(name), ...ledger.permissions(name)],
    }),
    red: /^says what it needs to be allowed/,
  },
  "needs nothing, it says": {
    bug: () => ({ permissions: () => [] }),
    red: /^says what it needs to be allowed/,
  },
  "has the candidate in its reference": {
    bug: ({ ledger }) => ({
      async park(name, options) {
        const { reference, mine } = await ledger.park(name, options)
        return { reference: `${reference}#${options.value}`, mine }
      },
      kept: (name, { reference, ...options }) =>
        ledger.kept(name, { ...options, ...(reference && { reference: reference.split("#")[0] ?? "" }) }),
    }),
    red: /^tells no value in an error, and shows none/,
  },
  "tells the candidate in an error": {
    bug: ({ ledger }) => ({
      async promote(name, options) {
        return await ledger.promote(name, options).catch(() => {
          throw new SecretError("CONFLICT", { hint: `it is no longer ${options.value}` })
        })
      },
    }),
    red: /^tells no value in an error/,
  },
  "shows the candidates when it is printed": {
    store: stored(store => {
      const own = store.rotation()
      const seen: unknown[] = []
      const ledger = {
        ...own,
        seen,
        park: (name: string, options: Parameters<typeof own.park>[1]) => {
          seen.push(options.value)
          return own.park(name, options)
        },
      }
      return { rotation: () => ledger }
    }),
    red: /^tells no value in an error, and shows none/,
  },
}

/** What the values of checks look like. */
const VALUE = /value-\d+-[0-9a-f]{8}/

describe("the suite of ledgers", () => {
  for (const [name, { red, ...options }] of Object.entries(BUGS)) {
    it(`finds a ledger that ${name}`, async () => {
      const failures = await failuresOf(() => referenceLedger(options))
      expect(failures.map(failure => failure.check)).toContainEqual(expect.stringMatching(red))
      for (const { message } of failures) expect(message, "it shows a value").not.toMatch(VALUE)
    })
  }

  it("finds something in each of its checks", () => {
    const checks: string[] = []
    testLedger("any", referenceLedger, {
      describe: (_name, body) => body(),
      it: name => void checks.push(name),
    })
    const reds = Object.values(BUGS).map(({ red }) => red)
    expect(checks.filter(name => !reds.some(red => red.test(name)))).toEqual([])
  })

  it("closes the stores, those of replicas too, and takes down what stands around them", async () => {
    let open = 0
    let stores = 0
    let closed = 0
    const store = stored(own => {
      stores++
      let isOpen = true
      return {
        rotation: () => ({ ...own.rotation(), promotion: "detected" }),
        async close() {
          if (isOpen) closed++
          isOpen = false
        },
      }
    })
    const make = (): LedgerHarness => {
      open++
      return { ...referenceLedger({ store }), close: async () => void open-- }
    }
    expect((await failuresOf(make)).length).toBeGreaterThan(0)
    expect([open, stores - closed]).toEqual([0, 0])
    expect(stores).toBeGreaterThan(60)
  })
})
