import { SecretError, type SecretValue, sameValue, type VersionSince } from "../../../src/core/index.ts"
import { isStatus } from "../errors.ts"
import { asStep } from "../step.ts"
import type { Calls, Place, Reading } from "./calls.ts"
import { type Notes, notesIn, OF, type Sent, withNotes } from "./notes.ts"
import { candidateOf, copiesOf, following, isNumber, placeOf } from "./references.ts"
import type { Decision, SecretChanges } from "./secret-changes.ts"

/** A value that is to become that of the secret, and where it is kept. */
interface Aim {
  readonly rotationId: string
  readonly value: SecretValue
  readonly reference: string | undefined
}

/** A version that was found, and what reading it gave. */
interface Found {
  readonly version: string
  readonly reading: Reading
}

/** How many of the versions that are known to be ours another one is compared with. */
const COMPARED = 5

/**
 * Which versions of a secret are those of rotations. Adding a version takes no label, so the notes of the secret say it:
 * afterwards by the number that the answer told, and before, because that answer may be lost, where the value is kept
 * that is about to be written. A version of which nothing was told is ours if it has such a value.
 *
 * That counts only while the rotation is on its way. Whoever goes back to a former value by hand writes one that a
 * rotation once wrote, and is not to be taken for a replica of ours that came late.
 */
export class Attribution {
  readonly #calls: Calls
  readonly #changes: SecretChanges

  constructor(calls: Calls, changes: SecretChanges) {
    this.#calls = calls
    this.#changes = changes
  }

  /** Where the value is kept that is to be written; it is copied to a secret of the ledger's own if it is not yet. */
  async source(id: string, { rotationId, value, reference }: Aim, signal: AbortSignal): Promise<string> {
    const candidate = await candidateOf(id, rotationId)
    const kept = reference ?? candidate
    if (await this.#calls.has(placeOf(id, kept), value, signal)) return kept
    // A value that is put back is that of a version which is known already.
    const { ours } = await this.#notes(id, signal)
    for (const [version] of ours.slice(-COMPARED).toReversed())
      if (await this.#calls.has({ id, version }, value, signal)) return version
    return await this.#copied(id, rotationId, value, signal)
  }

  /** Writes down that a value is about to be written. A secret that is missing is made by it, if none is expected. */
  async announce(id: string, sent: Sent, signal: AbortSignal): Promise<void> {
    await this.#note(id, signal, sent.after === "0", notes => {
      const { rotationId, from } = sent
      const before = notes.sent.find(one => one.rotationId === rotationId)
      const all = { ...sent, ...before, from: [...new Set([...(before?.from ?? []), ...from])] }
      return { ...notes, sent: [...notes.sent.filter(one => one !== before), all] }
    })
  }

  /** Writes down that a version was written. */
  async written(id: string, rotationId: string, version: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#own(id, [[version, rotationId]], signal)
    } catch {
      // That it was written is certain, and is told. It is known by its value, and `settle` writes down its number.
    }
  }

  /**
   * Writes down the numbers of the versions of a rotation, as long as its values are kept.
   *
   * @returns whether it was about to write any
   */
  async settle(id: string, rotationId: string, signal: AbortSignal): Promise<boolean> {
    const notes = await this.#notes(id, signal)
    const sent = notes.sent.find(one => one.rotationId === rotationId)
    if (sent === undefined) return false
    const found = await this.#newer(id, sent.after, signal)
    const values = await this.#valuesOf(id, sent, signal)
    const known = new Set(notes.ours.map(([version]) => version))
    const more = found
      .filter(({ version, reading }) => !known.has(version) && isOneOf(reading, values))
      .map(({ version }) => [version, rotationId] as const)
    if (more.length > 0) await this.#own(id, more, signal)
    return true
  }

  /** Forgets what a rotation was about to write, and what others were before it. */
  async forget(id: string, rotationId: string, signal: AbortSignal): Promise<void> {
    await this.#note(id, signal, false, now => {
      const last = now.sent.findIndex(one => one.rotationId === rotationId)
      return { ...now, sent: now.sent.slice(last + 1) }
    })
  }

  /** The versions after another one, oldest first, with the rotations whose they are. */
  async since(id: string, base: string | undefined, signal: AbortSignal): Promise<readonly VersionSince[]> {
    const found = await this.#after(id, base, signal)
    if (found.length === 0) return []
    const notes = await this.#notes(id, signal)
    const ours = new Map(notes.ours)
    const known = await this.#known(id, notes, found, signal)
    return found.map(({ version, reading }) => {
      const rotationId = ours.get(version) ?? known.find(({ values }) => isOneOf(reading, values))?.rotationId
      return { version, ...(rotationId === undefined ? {} : { rotationId }) }
    })
  }

  /** The values that rotations are about to write, if any version has to be compared with them. */
  async #known(
    id: string,
    { ours, sent }: Notes,
    found: readonly Found[],
    signal: AbortSignal,
  ): Promise<readonly { readonly rotationId: string; readonly values: readonly SecretValue[] }[]> {
    const numbers = new Set(ours.map(([version]) => version))
    if (found.every(({ version }) => numbers.has(version))) return []
    const known: { readonly rotationId: string; readonly values: readonly SecretValue[] }[] = []
    for (const one of sent.toReversed())
      known.push({ rotationId: one.rotationId, values: await this.#valuesOf(id, one, signal) })
    return known
  }

  async #after(id: string, base: string | undefined, signal: AbortSignal): Promise<readonly Found[]> {
    if (base === undefined || !isNumber(base)) return await this.#newer(id, "0", signal)
    const newer = await this.#newer(id, base, signal)
    if (newer.length > 0) return newer
    const isGone = (await this.#calls.read({ id, version: base }, signal)).is === "absent"
    return isGone ? await this.#newer(id, "0", signal) : newer
  }

  async #newer(id: string, base: string, signal: AbortSignal): Promise<readonly Found[]> {
    const found: Found[] = []
    for (let version = following(base); ; version = following(version)) {
      const reading = await asStep("access", this.#calls.read({ id, version }, signal))
      if (reading.is === "absent") return found
      found.push({ version, reading })
    }
  }

  /** All values that a rotation may have written: what it announced, and what it has copied since. */
  async #valuesOf(
    id: string,
    { rotationId, from }: Sent,
    signal: AbortSignal,
  ): Promise<readonly SecretValue[]> {
    const copies = await copiesOf(id, rotationId)
    const places = from.filter(reference => reference !== copies).map(reference => placeOf(id, reference))
    const values = await this.#values(places, signal)
    if (!from.includes(copies)) return values
    const copied = await this.#newer(copies, "0", signal)
    return [...values, ...copied.flatMap(({ reading }) => readIn(reading))]
  }

  async #values(places: readonly Place[], signal: AbortSignal): Promise<readonly SecretValue[]> {
    const values: SecretValue[] = []
    for (const place of places)
      values.push(...readIn(await asStep("access", this.#calls.read(place, signal))))
    return values
  }

  async #copied(id: string, rotationId: string, value: SecretValue, signal: AbortSignal): Promise<string> {
    const copies = await copiesOf(id, rotationId)
    try {
      await asStep("create", this.#calls.create(copies, { [OF]: id }, signal))
    } catch (thrown) {
      if (!isStatus(thrown, "ALREADY_EXISTS")) throw thrown
      const copied = await this.#newer(copies, "0", signal)
      if (copied.some(({ reading }) => isOneOf(reading, [value]))) return copies
    }
    await asStep("copy", this.#calls.add(copies, value, signal))
    return copies
  }

  async #notes(id: string, signal: AbortSignal): Promise<Notes> {
    return notesIn((await this.#changes.now(id, signal))?.annotations ?? {})
  }

  async #own(
    id: string,
    more: readonly (readonly [version: string, rotationId: string])[],
    signal: AbortSignal,
  ): Promise<void> {
    const numbers = new Set(more.map(([version]) => version))
    await this.#note(id, signal, false, now => ({
      ...now,
      ours: [...now.ours.filter(([version]) => !numbers.has(version)), ...more],
    }))
  }

  async #note(
    id: string,
    signal: AbortSignal,
    mayBeMissing: boolean,
    next: (notes: Notes) => Notes,
  ): Promise<void> {
    const decide = (
      sheet: { annotations: Readonly<Record<string, string>> } | undefined,
    ): Decision<undefined> => {
      if (sheet === undefined && !mayBeMissing) return { do: "refuse", error: removed() }
      const annotations = sheet?.annotations ?? {}
      return {
        do: "write",
        sheet: { annotations: withNotes(annotations, next(notesIn(annotations))) },
        result: undefined,
      }
    }
    await this.#changes.change(id, signal, decide, { before: true })
  }
}

function readIn(reading: Reading): readonly SecretValue[] {
  return reading.is === "readable" ? [reading.value] : []
}

function isOneOf(reading: Reading, values: readonly SecretValue[]): boolean {
  return reading.is === "readable" && values.some(value => sameValue(reading.value, value))
}

function removed(): SecretError {
  return new SecretError("CONFLICT", { message: "somebody removed the secret while it was rotated" })
}
