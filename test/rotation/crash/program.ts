import type {
  Clock,
  JournalKeeper,
  RotationJournal,
  RotationLedger,
  SecretStore,
} from "../../../src/core/index.ts"
import { type RotationOutcome, type RotationPlan, Rotator } from "../../../src/rotation/index.ts"
import { wrapLedger } from "../../../src/testing/wrap-ledger.ts"
import { type ArmedWatch, wrapStore } from "../../../src/testing/wrap-store.ts"
import { clockIn } from "./clock.ts"
import type { FarSide } from "./far-side/far-side.ts"
import type { Life } from "./life.ts"
import type { Plant } from "./plants.ts"
import type { ConfiguredStore } from "./process/store-config.ts"

/** Who looks on while programs rotate. */
export interface Onlooker {
  /** A program has read this journal, or has written it. */
  saw(journal: RotationJournal, wrote: boolean): void
  /** A program is about to make a call. */
  calls?(call: string): Promise<void>
  /** A call has ended. @param isChange whether it is one that changes something outside. */
  called(call: string, isChange: boolean, isWell: boolean): Promise<void>
}

/** What a program is made of. */
export interface ProgramParts {
  readonly name: string
  readonly opened: ConfiguredStore
  readonly life: Life
  readonly clock: Clock
  readonly onlooker: Onlooker
  plan(far: FarSide): RotationPlan
  readonly far: FarSide
  /** A fault in its ledger. */
  readonly plant?: Plant | undefined
}

/** What the calls of a store are called in the tables. */
const CALLS: Readonly<Record<string, string>> = {
  "rotation.load": "read the journal",
  "rotation.placeOf": "find the place",
  "rotation.check": "check the store",
  "rotation.current": "read the secret",
  read: "read the secret",
  "rotation.kept": "read the candidate",
  "rotation.park": "park",
  "rotation.promote": "promote",
  "rotation.since": "list the versions",
  "rotation.discard": "discard",
}

const CHANGES: ReadonlySet<string> = new Set([
  "rotation.save",
  "rotation.park",
  "rotation.promote",
  "rotation.discard",
])

/** A program that rotates one secret, as one of several replicas. */
export class Program {
  readonly life: Life
  readonly hasOwnTime = false
  readonly #name: string
  readonly #opened: ConfiguredStore
  readonly #rotator: Rotator
  readonly #onlooker: Onlooker
  /** Where the rotation stands, as far as this program knows. */
  #state: RotationJournal["state"] = "idle"

  constructor(parts: ProgramParts) {
    const { name, opened, life, clock, onlooker, far, plan, plant = ledger => ledger } = parts
    this.life = life
    this.#name = name
    this.#opened = opened
    this.#onlooker = onlooker
    const ownClock = clockIn(life, clock)
    const store = this.#looking(opened.store, ledger =>
      plant(ledger, { clock: ownClock, store: opened.store }),
    )
    const { journals } = opened
    this.#rotator = new Rotator({
      store,
      rotations: { [name]: { plan: plan(this.#calling(far)), schedule: { interval: "24h" } } },
      clock: ownClock,
      random: () => 0.5,
      ...(journals === undefined ? {} : { journals: this.#keeping(journals) }),
    })
  }

  /** Looks once what is to be done, and does it. */
  async tick(): Promise<RotationOutcome> {
    const { outcomes } = await this.#rotator.tick()
    const [outcome] = outcomes
    if (outcome === undefined) throw new Error(`nothing was found to be done for ${this.#name}`)
    return outcome
  }

  /** Goes on with what was blocked. */
  async resume(): Promise<RotationOutcome> {
    return await this.#rotator.resume(this.#name)
  }

  /** Ends it, with all that it waits for; nothing of it goes on afterwards. */
  async end(): Promise<void> {
    this.life.end()
    await this.#opened.close()
  }

  /** What every call of the store passes through. */
  #looking(store: SecretStore, plant: (ledger: RotationLedger) => RotationLedger): SecretStore {
    const wrapped = wrapStore(
      store,
      ({ operation }, _signal, ask) => this.#call(CALLS[operation] ?? operation, false, ask),
      new Set<ArmedWatch>(),
    )
    return {
      ...wrapped,
      rotation: () => {
        if (store.rotation === undefined) throw new TypeError("a store without a ledger cannot be rotated")
        return plant(this.#ledger(store.rotation()))
      },
    }
  }

  #ledger(ledger: RotationLedger): RotationLedger {
    const wrapped = wrapLedger(ledger, ({ operation }, _signal, ask) =>
      this.#call(CALLS[operation] ?? operation, CHANGES.has(operation), ask),
    )
    const { journals } = ledger
    return {
      ...wrapped,
      ...(journals === undefined ? {} : { journals: this.#keeping(journals) }),
      promote: async (name, options) => {
        const promoted = await wrapped.promote(name, options)
        if (promoted.journaled) this.#saw(options.journal(promoted), true)
        return promoted
      },
    }
  }

  #keeping(journals: JournalKeeper): JournalKeeper {
    return {
      location: journals.location,
      load: async (name, options) => {
        const loaded = await this.#call("read the journal", false, () => journals.load(name, options))
        if (loaded.journal !== undefined) this.#saw(loaded.journal, false)
        return loaded
      },
      save: async (name, journal, options) => {
        await this.#call(`journal → ${journal.state}`, true, () => journals.save(name, journal, options))
        this.#saw(journal, true)
      },
    }
  }

  /** The far side, each of whose calls is one request. */
  #calling(far: FarSide): FarSide {
    const request = <T>(name: string, isChange: boolean, ask: () => Promise<T>): Promise<T> =>
      this.#call(name, isChange, () => this.life.request(ask))
    return {
      mint: label => request("mint", true, () => far.mint(label)),
      list: () => request("list", false, () => far.list()),
      apply: value => request("apply", true, () => far.apply(value)),
      accepts: credential => request("verify", false, () => far.accepts(credential)),
      revoke: credential => request("revoke", true, () => far.revoke(credential)),
      identify: value => request("identify", false, () => far.identify(value)),
    }
  }

  async #call<T>(name: string, isChange: boolean, ask: () => Promise<T>): Promise<T> {
    const onlooker = this.#onlooker
    const call = `${this.#state}: ${name}`
    return await this.life.call(call, async () => {
      await onlooker.calls?.(call)
      let isWell = false
      try {
        const answer = await ask()
        isWell = true
        return answer
      } finally {
        await onlooker.called(call, isChange, isWell)
      }
    })
  }

  #saw(journal: RotationJournal, wrote: boolean): void {
    this.#state = journal.state
    this.#onlooker.saw(journal, wrote)
  }
}
