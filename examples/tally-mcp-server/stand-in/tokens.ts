import { createHash } from "node:crypto"

/** What the far side knows of one token. The token itself is not kept: this may be printed. */
export interface TokenRecord {
  /** The start of the SHA-256 of the token: enough to tell tokens apart. */
  readonly digest: string
  readonly valid: boolean
  /** How many requests came with it while it was valid. */
  readonly accepted: number
  /** How many were refused with 401 because it was unknown or revoked. */
  readonly refused: number
  /** When it was first and last accepted, on the monotonic clock of this process (`performance.now()`). */
  readonly firstUsedAt: number | undefined
  readonly lastUsedAt: number | undefined
}

/** A token that is valid, as its owner sees it in a list. */
export interface ListedToken {
  readonly id: string
  /** What it was labelled with when it was made. */
  readonly label: string | undefined
}

interface Entry {
  digest: string
  label: string | undefined
  valid: boolean
  accepted: number
  refused: number
  firstUsedAt: number | undefined
  lastUsedAt: number | undefined
  readonly firstUsedBy: Map<string, number>
}

/** How many requests of one client were answered. */
interface Answered {
  accepted: number
  refused: number
}

/** The tokens of an account, as the far side keeps them: any number is valid at the same time. */
export class TokenBook {
  readonly #entries = new Map<string, Entry>()
  readonly #answered = new Map<string, Answered>()

  /** Makes a token valid from now on. @returns its id */
  add(token: string, label?: string): string {
    const entry = this.#entry(token)
    entry.valid = true
    entry.label = label
    return idOf(entry.digest)
  }

  /** Makes a token invalid from now on. */
  revoke(token: string): void {
    this.#entry(token).valid = false
  }

  /** Makes the token that has this id invalid from now on. @returns whether there was one that was valid */
  revokeById(id: string): boolean {
    for (const entry of this.#entries.values()) {
      if (idOf(entry.digest) !== id || !entry.valid) continue
      entry.valid = false
      return true
    }
    return false
  }

  /** The id of a token that is valid. */
  idOf(token: string): string | undefined {
    const entry = this.#entries.get(digestOf(token))
    return entry?.valid ? idOf(entry.digest) : undefined
  }

  /** Those that are valid, oldest first. */
  get valid(): readonly ListedToken[] {
    return [...this.#entries.values()]
      .filter(({ valid }) => valid)
      .map(({ digest, label }) => ({ id: idOf(digest), label }))
  }

  /** What is known of a token, also of one that was never valid. */
  record(token: string): TokenRecord {
    return recordOf(this.#entry(token))
  }

  get records(): readonly TokenRecord[] {
    return Array.from(this.#entries.values(), recordOf)
  }

  /** How many requests were refused with 401, over all tokens and those without one. */
  get refusals(): number {
    let sum = this.#withoutToken
    for (const { refused } of this.#entries.values()) sum += refused
    return sum
  }

  #withoutToken = 0

  /**
   * When a client first used a token that was valid, on the clock of `performance.now()`.
   *
   * @param via the name under which the client comes, see `TallyStandIn.url`.
   */
  firstUse(token: string, via: string): number | undefined {
    return this.#entry(token).firstUsedBy.get(via)
  }

  /**
   * How many requests of one client were accepted, and how many were refused with 401.
   *
   * @param via the name under which the client comes, see `TallyStandIn.url`.
   */
  answered(via: string): Readonly<Answered> {
    return { ...this.#answeredTo(via) }
  }

  /** Notes a request, and says whether its token is valid. */
  check(token: string | undefined, via: string): boolean {
    const isValid = this.#isValid(token, via)
    this.#answeredTo(via)[isValid ? "accepted" : "refused"] += 1
    return isValid
  }

  #isValid(token: string | undefined, via: string): boolean {
    if (token === undefined) {
      this.#withoutToken += 1
      return false
    }
    const entry = this.#entry(token)
    if (entry.valid) {
      const now = performance.now()
      entry.accepted += 1
      entry.firstUsedAt ??= now
      entry.lastUsedAt = now
      if (!entry.firstUsedBy.has(via)) entry.firstUsedBy.set(via, now)
    } else {
      entry.refused += 1
    }
    return entry.valid
  }

  #answeredTo(via: string): Answered {
    const known = this.#answered.get(via)
    if (known !== undefined) return known
    const answered = { accepted: 0, refused: 0 }
    this.#answered.set(via, answered)
    return answered
  }

  #entry(token: string): Entry {
    const digest = digestOf(token)
    const known = this.#entries.get(digest)
    if (known !== undefined) return known
    const entry: Entry = {
      digest,
      label: undefined,
      valid: false,
      accepted: 0,
      refused: 0,
      firstUsedAt: undefined,
      lastUsedAt: undefined,
      firstUsedBy: new Map(),
    }
    this.#entries.set(digest, entry)
    return entry
  }
}

function recordOf({ firstUsedBy: _, label: __, ...record }: Entry): TokenRecord {
  return record
}

function idOf(digest: string): string {
  return `key_${digest}`
}

/** Enough of the SHA-256 of a token to tell it from others. */
export function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("hex").slice(0, 12)
}
