import {
  isSecretError,
  type Kept,
  type LoadedJournal,
  type RotationJournal,
  SecretError,
  type SecretValue,
  type Version,
  type VersionSince,
} from "../../core/index.ts"
import type { Found, Main, Promotion, Saving, Step } from "../protocol/steps.ts"
import type { Subject } from "./subject.ts"
import { within } from "./within.ts"

/** The secret, and when its value expires where the store says so. */
export interface MainWithExpiry extends Main {
  readonly expiresAt?: Date
}

type StepOf<Do extends Step["do"]> = Extract<Step, { readonly do: Do }>

/** The steps that the store does: one call each, with a deadline. */
export class StoreSteps {
  readonly #subject: Subject
  readonly #signal: AbortSignal
  readonly #glances: boolean

  /**
   * @param signal ends every call.
   * @param glances whether nothing may be written, not even for a look: then the journal may be a little behind, and the
   * secret's version is the store's and not the ledger's.
   */
  constructor(subject: Subject, signal: AbortSignal, glances: boolean) {
    this.#subject = subject
    this.#signal = signal
    this.#glances = glances
  }

  async load(): Promise<Found> {
    const { name, journals, clock, place } = this.#subject
    const glance = this.#glances
    // For the ids and labels of what is to be made.
    if (!glance && !place.isKnown) await this.#call("finding the secret", signal => place.find({ signal }))
    const { journal, at }: LoadedJournal = await this.#call("reading the journal", signal =>
      journals.load(name, { signal, ...(glance && { glance }) }),
    )
    // Read after the answer: a time from before it would make a lease look longer than it is.
    return { journal, at: at ?? clock.wall(), monotonic: clock.monotonic(), byStore: at !== undefined }
  }

  async save(journal: RotationJournal): Promise<Saving> {
    const { name, journals, clock } = this.#subject
    const sent = clock.monotonic()
    const saved = await this.#unlessConflict("writing the journal", signal =>
      journals.save(name, journal, { signal, expectSeq: journal.seq - 1 }),
    )
    return saved === "conflict" ? { saved: false } : { saved: true, sent }
  }

  /** The secret as it is now, or as a version of it was; without a value where that cannot be read any more. */
  async main(version?: Version): Promise<MainWithExpiry> {
    const { name, store, ledger } = this.#subject
    const { current } = ledger
    try {
      if (current !== undefined && !this.#glances) {
        const found = await this.#call("reading the secret", signal => current(name, { signal }))
        if (version === undefined || version === found?.version) return found ?? {}
        // A former version is the store's own to give, where it gives those.
      }
      return await this.#call("reading the secret", signal =>
        store.read(name, { signal, ...(version === undefined ? {} : { version }) }),
      )
    } catch (thrown) {
      if (isSecretError(thrown) && isGone(thrown, version)) return {}
      throw thrown
    }
  }

  async kept({ rotationId, reference }: StepOf<"kept">): Promise<Kept | undefined> {
    const { name, ledger } = this.#subject
    return await this.#call("reading the candidate", signal =>
      ledger.kept(name, { signal, rotationId, ...(reference === undefined ? {} : { reference }) }),
    )
  }

  async former({ rotationId, base }: StepOf<"former">): Promise<Kept | undefined> {
    const { name, ledger } = this.#subject
    return await this.#call("reading the value before", signal =>
      ledger.former(name, { signal, rotationId, base }),
    )
  }

  async park(rotationId: string, value: SecretValue): Promise<{ reference: string; mine: boolean }> {
    const { name, ledger } = this.#subject
    return await this.#call("keeping the candidate", signal =>
      ledger.park(name, { signal, rotationId, value }),
    )
  }

  async promote(step: StepOf<"promote">): Promise<Promotion> {
    const { name, ledger } = this.#subject
    const { do: _, ...promotion } = step
    const done = await this.#unlessConflict("changing the secret", signal =>
      ledger.promote(name, { signal, ...promotion }),
    )
    return done === "conflict" ? "refused" : done
  }

  async since(base?: Version): Promise<readonly VersionSince[]> {
    const { name, ledger, store } = this.#subject
    const { since } = ledger
    if (since === undefined) {
      throw new SecretError("UNSUPPORTED", {
        secret: name,
        store: store.location,
        message: "the ledger says that it detects what others wrote, and lists no versions",
        hint: "this is a mistake of the backend: its ledger lacks since()",
      })
    }
    return await this.#call("listing the versions", signal =>
      since(name, { signal, ...(base === undefined ? {} : { base }) }),
    )
  }

  async discard({ rotationId, reference }: StepOf<"discard">): Promise<void> {
    const { name, ledger } = this.#subject
    await this.#call("removing the candidate", signal =>
      ledger.discard(name, { signal, rotationId, ...(reference === undefined ? {} : { reference }) }),
    )
  }

  /** See {@link RotationLedger.check}. */
  async check(): Promise<void> {
    const { name, ledger } = this.#subject
    await this.#call("checking the store", signal => ledger.check(name, { signal }))
  }

  async #call<T>(what: string, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { name, clock, terms } = this.#subject
    const deadline = terms.deadlines.store
    return await within({ clock, signal: this.#signal, deadline, what, secret: name }, call)
  }

  /** A conflict is an answer: somebody else was first, and nothing was written. */
  async #unlessConflict<T>(what: string, call: (signal: AbortSignal) => Promise<T>): Promise<T | "conflict"> {
    try {
      return await this.#call(what, call)
    } catch (thrown) {
      if (isSecretError(thrown) && thrown.code === "CONFLICT" && thrown.outcome === undefined)
        return "conflict"
      throw thrown
    }
  }
}

/** Whether there is nothing to read: no secret yet, or a version of it that the store no longer gives out. */
function isGone({ code }: SecretError, version: Version | undefined): boolean {
  return code === "NOT_FOUND" || (version !== undefined && (code === "DISABLED" || code === "UNSUPPORTED"))
}
