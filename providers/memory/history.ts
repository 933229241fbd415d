import { SecretError, type SecretValue, type StoredSecret, type VersionInfo } from "../../src/core/index.ts"

/** One version of a secret in memory. */
interface Kept {
  readonly stored: StoredSecret
  disabled: boolean
}

/** What a version is made of. */
export interface NewVersion {
  readonly value: SecretValue
  readonly createdAt: Date
  readonly expiresAt?: Date | undefined
}

/** All versions of one secret, `v1`, `v2` and so on; a number is never given twice, also after a deletion. */
export class History {
  #kept: Kept[] = []
  #given = 0

  get isEmpty(): boolean {
    return this.#kept.length === 0
  }

  /** The id of the current version. */
  get current(): string | undefined {
    return this.#kept.at(-1)?.stored.version
  }

  add({ value, createdAt, expiresAt }: NewVersion): VersionInfo {
    this.#given += 1
    const version = `v${this.#given}`
    const dates = { createdAt, ...(expiresAt === undefined ? {} : { expiresAt }) }
    this.#kept.push({ stored: { value: copyOf(value), version, ...dates }, disabled: false })
    return { version, current: true, readable: true, ...dates }
  }

  /** @throws SecretError `NOT_FOUND`, `DISABLED` */
  read(version: string | undefined): StoredSecret {
    const { stored, disabled } = this.#find(version)
    if (disabled) throw new SecretError("DISABLED", { hint: "enable() switches it on again" })
    return { ...stored, value: copyOf(stored.value) }
  }

  /** The value of one version; nothing where it is gone or switched off. */
  valueOf(version: string): SecretValue | undefined {
    const found = this.#kept.find(kept => kept.stored.version === version)
    return found === undefined || found.disabled ? undefined : copyOf(found.stored.value)
  }

  /** Newest first. */
  infos(): VersionInfo[] {
    return this.#kept
      .map(({ stored, disabled }) => {
        const { value: _, ...info } = stored
        return { ...info, current: stored.version === this.current, readable: !disabled }
      })
      .reverse()
  }

  /** Switches one version, or all there are. @throws SecretError `NOT_FOUND` */
  switch(version: string | undefined, disabled: boolean): void {
    const one = this.#find(version)
    for (const kept of version === undefined ? this.#kept : [one]) kept.disabled = disabled
  }

  clear(): void {
    this.#kept = []
  }

  #find(version: string | undefined): Kept {
    const found =
      version === undefined ? this.#kept.at(-1) : this.#kept.find(kept => kept.stored.version === version)
    if (found !== undefined) return found
    throw new SecretError(
      "NOT_FOUND",
      version === undefined || this.isEmpty ? {} : { message: "there is no such version" },
    )
  }
}

/** Bytes are copied on their way in and out: what a caller does to them later changes no version. */
export function copyOf(value: SecretValue): SecretValue {
  return typeof value === "string" ? value : Uint8Array.from(value)
}
