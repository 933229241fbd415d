import type { Gone } from "./secret-model.ts"

/** One version as the service behind the store holds it. */
export interface ServiceVersion {
  readonly value: string
  readonly version: string
  readonly createdAt: Date
}

interface Content {
  versions: ServiceVersion[]
  current: ServiceVersion | undefined
  readonly disabled: Set<string>
  denied: boolean
}

/** A stretch of time in which a name had a value. */
interface Span {
  readonly name: string
  readonly value: string
  until: number
}

/**
 * The truth behind a store: what each name holds, and what it held when. Time is counted in ticks here, one for each
 * thing that happens, so that "before" is never in doubt.
 */
export class Service {
  readonly #contents = new Map<string, Content>()
  readonly #spans: Span[] = []
  readonly #pairs = new Set<string>()
  #tick = 0
  #versions = 0

  get tick(): number {
    return this.#tick
  }

  /** One more thing happens. */
  next(): number {
    this.#tick += 1
    return this.#tick
  }

  /** What a read answers now. */
  read(name: string, version?: string): ServiceVersion | Gone {
    const content = this.#content(name)
    if (content.denied) return "DENIED"
    const found =
      version === undefined ? content.current : content.versions.find(one => one.version === version)
    if (found === undefined) return "NOT_FOUND"
    return content.disabled.has(found.version) ? "DISABLED" : found
  }

  versions(name: string): readonly ServiceVersion[] {
    return this.#content(name).versions.toReversed()
  }

  isReadable(name: string, version: string): boolean {
    return typeof this.read(name, version) !== "string"
  }

  /** Another value, or the same one, under a version of its own. */
  rotate(name: string, value: string, createdAt: Date): ServiceVersion {
    this.#versions += 1
    const added = { value, version: `v${this.#versions}`, createdAt }
    this.#change(name, content => {
      content.versions.push(added)
      content.current = added
      content.denied = false
    })
    return added
  }

  /** Another value under the version that there is. */
  overwrite(name: string, value: string): void {
    this.#change(name, content => {
      const { current } = content
      if (current === undefined) return
      content.current = { ...current, value }
      content.versions = content.versions.map(one => (one === current ? (content.current ?? one) : one))
    })
  }

  /** Back to one of the versions before. */
  rollBack(name: string, index: number): void {
    this.#change(name, content => {
      const back = content.versions[index % Math.max(1, content.versions.length)]
      if (back !== undefined) content.current = back
    })
  }

  remove(name: string): void {
    this.#change(name, content => {
      content.versions = []
      content.current = undefined
    })
  }

  disable(name: string): void {
    this.#change(name, content => {
      if (content.current !== undefined) content.disabled.add(content.current.version)
    })
  }

  deny(name: string): void {
    this.#change(name, content => {
      content.denied = true
    })
  }

  mend(name: string): void {
    this.#change(name, content => {
      content.denied = false
      content.disabled.clear()
    })
  }

  /** The last moment at which a name had a value: for ever, if it has it now. */
  lastValid(name: string, value: string): number {
    return this.#spans
      .filter(span => span.name === name && span.value === value)
      .reduce((last, span) => Math.max(last, span.until), Number.NEGATIVE_INFINITY)
  }

  /** Whether a version ever had this value. */
  hadPair(name: string, version: string, value: string): boolean {
    return this.#pairs.has(`${name} ${version} ${value}`)
  }

  #change(name: string, change: (content: Content) => void): void {
    const now = this.next()
    for (const span of this.#spans) {
      if (span.name === name && span.until === Number.POSITIVE_INFINITY) span.until = now
    }
    const content = this.#content(name)
    change(content)
    // Also what cannot be read now: it may be later, as the version before.
    for (const { version, value } of content.versions) this.#pairs.add(`${name} ${version} ${value}`)
    const current = this.read(name)
    if (typeof current === "string") return
    this.#spans.push({ name, value: current.value, until: Number.POSITIVE_INFINITY })
  }

  #content(name: string): Content {
    const known = this.#contents.get(name)
    if (known !== undefined) return known
    const content: Content = { versions: [], current: undefined, disabled: new Set(), denied: false }
    this.#contents.set(name, content)
    return content
  }
}
