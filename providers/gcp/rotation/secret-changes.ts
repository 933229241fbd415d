import { pause, SecretError, systemClock } from "../../../src/core/index.ts"
import { isOtherEtag, isStatus } from "../errors.ts"
import type { GcpSecret } from "../sdk.ts"
import { asStep } from "../step.ts"
import type { Calls } from "./calls.ts"

/** What is known of a secret beside its versions. */
export interface Sheet {
  readonly annotations: Readonly<Record<string, string>>
  /** The numbers of versions by their aliases. */
  readonly aliases: Readonly<Record<string, string>>
}

/** What is to become of a secret as it was found. */
export type Decision<Result> =
  /** It is changed: this is written, and then that is the result. */
  | { readonly do: "write"; readonly sheet: Partial<Sheet>; readonly result: Result }
  /** It stays. */
  | { readonly do: "leave"; readonly result: Result }
  /** It is not as it was expected: sure enough to be told only when it was found by the newest copy. */
  | { readonly do: "refuse"; readonly error: SecretError }

/** How long to wait before each further try, in milliseconds. */
const PAUSES: readonly number[] = [0, 30, 100, 200, 400, 800]

/** "The total size of annotation keys and values must be less than 16KiB" (Secret in resources.proto). */
const MOST_ANNOTATIONS = 16 * 1024

/**
 * Compare-and-set on what stands beside the versions of a secret: an update with an etag is refused when anything of
 * it has changed.
 *
 * A read is not enough to know what is there: "other operations within Secret Manager are eventually consistent", for
 * minutes and perhaps hours (page "Resource consistency"). An update with the etag of what was read is: it succeeds
 * only if that was the newest. So what must not be behind is read and then written as it was.
 */
export class SecretChanges {
  readonly #calls: Calls

  constructor(calls: Calls) {
    this.#calls = calls
  }

  /**
   * What a secret holds now, and not a while ago; `undefined` where there is none.
   *
   * @throws SecretError `UNAVAILABLE` where the service keeps answering with what was
   */
  async now(id: string, signal: AbortSignal): Promise<Sheet | undefined> {
    return await this.#tries(signal, async () => {
      const secret = await this.#calls.secret(id, signal)
      if (secret === undefined) return { done: undefined }
      return await this.#confirmed(id, secret, signal)
    })
  }

  /** What a secret holds, perhaps a while ago. Writes nothing. */
  async lately(id: string, signal: AbortSignal): Promise<Sheet | undefined> {
    const secret = await this.#calls.secret(id, signal)
    return secret && sheetOf(secret)
  }

  /**
   * Changes a secret by compare-and-set. When others change it at the same time it is read and decided anew, so
   * nothing of theirs is lost. A secret that is missing is made, if the decision is to write.
   *
   * @param decide may be called several times.
   * @param before whether this is not yet what the caller was asked for, so that a failure leaves nothing open.
   * @throws SecretError of the decision, and `UNAVAILABLE` where nothing was written because it did not come to rest
   */
  async change<Result>(
    id: string,
    signal: AbortSignal,
    decide: (sheet: Sheet | undefined) => Decision<Result>,
    { before = false }: { readonly before?: boolean } = {},
  ): Promise<Result> {
    return await this.#tries(signal, async () => {
      const secret = await this.#calls.secret(id, signal)
      const sheet = secret && sheetOf(secret)
      const decision = decide(sheet)
      if (decision.do === "leave") return { done: decision.result }
      if (decision.do === "refuse") {
        if (secret !== undefined && (await this.#confirmed(id, secret, signal)) === undefined)
          return undefined
        throw decision.error
      }
      const sent = this.#write(id, secret, decision.sheet, signal)
      return await caught(before ? asStep("note", sent) : sent, decision.result, secret !== undefined)
    })
  }

  async #write(
    id: string,
    secret: GcpSecret | undefined,
    sheet: Partial<Sheet>,
    signal: AbortSignal,
  ): Promise<void> {
    if (secret === undefined) return await this.#calls.create(id, fitting(sheet.annotations ?? {}), signal)
    const annotations = fitting(sheet.annotations ?? sheetOf(secret).annotations)
    await this.#calls.update(id, etagOf(secret), { annotations, aliases: sheet.aliases }, signal)
  }

  /** Writes what was read, so that it is known to be the newest; `undefined` if it is not. */
  async #confirmed(
    id: string,
    secret: GcpSecret,
    signal: AbortSignal,
  ): Promise<{ readonly done: Sheet } | undefined> {
    const sheet = sheetOf(secret)
    const { annotations } = sheet
    const sent = this.#calls.update(id, etagOf(secret), { annotations }, signal)
    return await caught(asStep("note", sent), sheet, true)
  }

  /** Does something until it says what came of it. */
  async #tries<T>(signal: AbortSignal, once: () => Promise<{ readonly done: T } | undefined>): Promise<T> {
    for (const milliseconds of PAUSES) {
      // At random, or those who met once would meet every time.
      if (milliseconds > 0) await pause(systemClock, milliseconds * (0.5 + Math.random()), signal)
      const found = await once()
      if (found !== undefined) return found.done
    }
    throw new SecretError("UNAVAILABLE", {
      message: "the secret changed with every look at it, or the service tells what it was some time ago",
      hint: "try again later: what stands beside versions may be behind, see the page on resource consistency",
    })
  }
}

/** What came of a write with an etag; `undefined` if the etag was no longer that of the secret. */
async function caught<T>(
  sent: Promise<unknown>,
  done: T,
  wasThere: boolean,
): Promise<{ readonly done: T } | undefined> {
  try {
    await sent
  } catch (thrown) {
    const isOther = wasThere
      ? isOtherEtag(thrown) || isStatus(thrown, "NOT_FOUND")
      : isStatus(thrown, "ALREADY_EXISTS")
    if (isOther) return undefined
    throw thrown
  }
  return { done }
}

/** What stands beside the versions of a secret. */
export function sheetOf({ annotations, versionAliases }: GcpSecret): Sheet {
  const aliases = Object.entries(versionAliases ?? {}).map(([alias, number]) => [alias, String(number)])
  return { annotations: annotations ?? {}, aliases: Object.fromEntries(aliases) }
}

/** How many bytes annotations have, as the service counts them. */
function sizeOf(annotations: Readonly<Record<string, string>>): number {
  const texts = Object.entries(annotations).flat()
  return texts.reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0)
}

/** The error where annotations are larger than a secret holds. */
export function tooManyAnnotations(): SecretError {
  return new SecretError("MISCONFIGURED", {
    message: "the secret has no room for the journal: its annotations would not be less than 16 KiB",
    hint: "remove annotations of your own, or give the Rotator another place for journals",
  })
}

/** How much room there must be before a rotation begins. */
const ROOM_FOR_JOURNAL = 4 * 1024

/** Whether the annotations of a secret leave room for a journal. */
export function leavesRoom(annotations: Readonly<Record<string, string>>): boolean {
  return sizeOf(annotations) + ROOM_FOR_JOURNAL < MOST_ANNOTATIONS
}

function fitting(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (sizeOf(annotations) >= MOST_ANNOTATIONS) throw tooManyAnnotations()
  return annotations
}

/** An empty one would be written whatever has happened meanwhile. */
function etagOf({ etag }: GcpSecret): string {
  if (etag) return etag
  throw new SecretError("UNSUPPORTED", {
    message: "the secret has no etag, without which nothing can be written safely",
    hint: "this is not how the service answers: an emulator without etags cannot be rotated on",
  })
}
