import { randomUUID } from "node:crypto"
import {
  defineStore,
  journalText,
  misconfigured,
  type NameRule,
  type NativeLedger,
  readJournal,
  SecretError,
  type SecretValue,
  type StoreDefinition,
  type StoreWith,
  sameValue,
} from "../../src/core/index.ts"
import type { LedgerHarness, LedgerPromises } from "../../src/testing/index.ts"

/** One version of a secret of the service. */
export interface Held {
  readonly value: SecretValue
  readonly version: string
  readonly rotationId?: string
}

/** A service far away: every call takes a while, and is one step when it arrives. */
export class Service {
  readonly secrets = new Map<string, Held[]>()
  readonly ids: SecretValue[] = []

  async arrive(): Promise<void> {
    await new Promise<void>(resolve => setImmediate(resolve))
  }

  current(name: string): Held | undefined {
    return this.secrets.get(name)?.at(-1)
  }

  put(name: string, value: SecretValue, rotationId?: string): Held {
    const own = typeof value === "string" ? value : value.slice()
    const held = { value: own, version: randomUUID(), ...(rotationId === undefined ? {} : { rotationId }) }
    this.secrets.set(name, [...(this.secrets.get(name) ?? []), held])
    return held
  }

  /** Writes if this version is the current one; `undefined` stands for none. */
  putIf(name: string, expected: string | undefined, value: SecretValue, rotationId?: string): Held {
    if (this.current(name)?.version !== expected) throw conflict()
    return this.put(name, value, rotationId)
  }

  /** A number for each value that there ever was: what a version is where only the value counts. */
  idOf(value: SecretValue): string {
    const known = this.ids.findIndex(one => sameValue(one, value))
    return `value-number-${known === -1 ? this.ids.push(value) - 1 : known}`
  }
}

export const conflict = (): SecretError => new SecretError("CONFLICT")

/** Names as a case-folding service without slashes writes them. */
const rule: NameRule = {
  rule: "letters, digits and hyphens",
  toNative: portable => portable.replaceAll("/", "--"),
  toPortable: native => native.replaceAll("--", "/"),
  holds: native => /^[a-z0-9-]+$/.test(native),
}

export const journalOf = (name: string): string => `latchkey--rotation--${name}--journal`
export const candidateOf = (name: string, rotationId: string): string =>
  `latchkey--rotation--${name}--${rotationId}`

/** What a bug has at hand. */
export interface Plant {
  readonly ledger: Required<NativeLedger>
  readonly service: Service
  /** What this store's user set before all names. */
  readonly prefix: string | undefined
}

export type Bug = (plant: Plant) => Partial<NativeLedger>

type AllPromises = { readonly [P in keyof LedgerPromises]-?: NonNullable<LedgerPromises[P]> }

export interface ReferenceLedgerOptions {
  readonly promises?: Partial<AllPromises>
  /** What the store promises in words, where that is not what it does. */
  readonly declares?: Partial<LedgerPromises>
  readonly bug?: Bug
  /** Whether `read` gives versions that only this process understands, and the ledger others. */
  readonly ownVersions?: boolean
  /** Changes the store that a process has. */
  readonly store?: (store: StoreWith<"rotation">) => StoreWith<"rotation">
}

/** A correct ledger of a service in memory, with bugs if one is given. */
export function referenceLedger(options: ReferenceLedgerOptions = {}): LedgerHarness {
  const promises: AllPromises = {
    promotion: "conditional",
    journals: true,
    journaled: false,
    parkElects: true,
    creates: true,
    noticesSameValue: true,
    keepsPrevious: true,
    ...options.promises,
  }
  const service = new Service()

  function makeStore(prefix?: string): StoreWith<"rotation"> {
    const ownVersions = options.ownVersions === true || !promises.noticesSameValue
    const mark = randomUUID()
    const definition = {
      kind: "reference",
      location: "reference:test",
      names: rule,
      naming: { prefix },
      capabilities: {
        preconditions: { absent: false, version: false },
        versionedReads: false,
        batchSize: 10,
        binary: true,
        expiry: false,
        softDelete: false,
        local: false,
      },
      async read(name) {
        await service.arrive()
        const held = service.current(name)
        if (held === undefined) throw new SecretError("NOT_FOUND")
        return { value: copyOf(held.value), version: ownVersions ? mark + held.version : held.version }
      },
      async readMany(names) {
        return new Map(names.map(name => [name, service.current(name) ?? new SecretError("NOT_FOUND")]))
      },
      async *list() {
        await service.arrive()
        for (const [name, versions] of service.secrets) if (versions.length > 0) yield { name }
      },
      rotation: () => {
        const ledger = correctLedger(service, promises, ownVersions)
        const bug = options.bug?.({ ledger: ledger as Required<NativeLedger>, service, prefix })
        return { ...ledger, ...bug }
      },
      async ping() {},
      async close() {},
    } satisfies StoreDefinition
    const store: StoreWith<"rotation"> = defineStore(definition)
    return options.store?.(store) ?? store
  }

  return {
    store: makeStore(),
    promises: { ...promises, ...options.declares },
    replica: () => makeStore(),
    withPrefix: prefix => makeStore(prefix),
    async put(name, value) {
      await service.arrive()
      service.put(rule.toNative(name), value)
    },
    async remove(name) {
      service.secrets.set(rule.toNative(name), [])
    },
    async writeJournal(name, text) {
      service.put(journalOf(rule.toNative(name)), text)
    },
    async close() {},
  }
}

function correctLedger(service: Service, promises: AllPromises, ownVersions: boolean): NativeLedger {
  const versionOf = (held: Held): string =>
    promises.noticesSameValue ? held.version : service.idOf(held.value)
  const currentVersion = (name: string): string | undefined => {
    const held = service.current(name)
    return held && versionOf(held)
  }
  let parked = 0

  return {
    promotion: promises.promotion,
    ...(promises.journals && {
      journals: {
        location: "reference:test/journals",
        async load(name) {
          await service.arrive()
          const held = service.current(journalOf(name))
          return { at: 1_700_000_000_000, ...(held && { journal: readJournal(held.value as string) }) }
        },
        async save(name, journal, { expectSeq }) {
          await service.arrive()
          const held = service.current(journalOf(name))
          const seq = held === undefined ? 0 : readJournal(held.value as string).seq
          await service.arrive()
          if (seq !== expectSeq) throw conflict()
          service.putIf(journalOf(name), held?.version, journalText(journal))
        },
      },
    }),
    async check(name) {
      await service.arrive()
      if (!promises.creates && service.current(name) === undefined)
        throw misconfigured("there is no such secret", "make it first")
    },
    ...(ownVersions && {
      async current(name) {
        await service.arrive()
        const held = service.current(name)
        return held && { version: versionOf(held), value: copyOf(held.value) }
      },
    }),
    permissions: name => [
      { action: "put", on: name, why: "to promote" },
      { action: "put", on: journalOf(name), why: "to keep the journal" },
    ],
    async park(name, { rotationId, value }) {
      await service.arrive()
      const path = candidateOf(name, rotationId)
      if (!promises.parkElects) {
        const reference = `${path}--${++parked}-${randomUUID()}`
        service.put(reference, value)
        return { reference, mine: true }
      }
      const held = service.current(path)
      if (held !== undefined) return { reference: path, mine: sameValue(held.value, value) }
      service.put(path, value)
      return { reference: path, mine: true }
    },
    async kept(name, { rotationId, reference = candidateOf(name, rotationId) }) {
      await service.arrive()
      const candidate = service.current(reference)
      if (candidate !== undefined) return { reference, value: copyOf(candidate.value) }
      const former = service.secrets.get(name)?.find(held => held.version === reference)
      return former && { reference, value: copyOf(former.value) }
    },
    ...(ownVersions && {
      async former(name, { base }) {
        await service.arrive()
        const former = service.secrets.get(name)?.find(held => versionOf(held) === base)
        return former && { reference: former.version, value: copyOf(former.value) }
      },
    }),
    async discard(name, { rotationId, reference }) {
      await service.arrive()
      service.secrets.delete(candidateOf(name, rotationId))
      if (reference?.startsWith(candidateOf(name, rotationId))) service.secrets.delete(reference)
    },
    async promote(name, { rotationId, value, expectBase, journal }) {
      await service.arrive()
      const before = service.current(name)
      if (currentVersion(name) !== expectBase) throw conflict()
      const found = service.current(journalOf(name))
      const seq = found === undefined ? 0 : readJournal(found.value as string).seq
      if (promises.journaled && journal({ version: "" }).seq !== seq + 1) throw conflict()
      const held = service.put(name, value, rotationId)
      const promoted = {
        version: versionOf(held),
        ...(promises.keepsPrevious && before && { previous: before.version }),
      }
      if (promises.journaled) service.put(journalOf(name), journalText(journal(promoted)))
      return { ...promoted, journaled: promises.journaled }
    },
    ...(promises.promotion === "detected" && {
      async since(name, { base }) {
        await service.arrive()
        const all = service.secrets.get(name) ?? []
        const from = all.findIndex(held => held.version === base) + 1
        return all.slice(from).map(({ version, rotationId }) => ({
          version,
          ...(rotationId === undefined ? {} : { rotationId }),
        }))
      },
    }),
  }
}

function copyOf(value: SecretValue): SecretValue {
  return typeof value === "string" ? value : value.slice()
}
