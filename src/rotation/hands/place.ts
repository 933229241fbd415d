import type { CallOptions, RotationLedger } from "../../core/index.ts"

/**
 * Where the service has a secret: what ids and labels of its rotations are derived from, so that every replica derives
 * the same ones, whatever prefix or renaming it has. Asked for once.
 */
export class Place {
  readonly #ask: (options: CallOptions) => Promise<string>
  #known: string | undefined

  /** @param location of the store, for a ledger that does not tell places. */
  constructor(name: string, location: string, ledger: Pick<RotationLedger, "placeOf">) {
    this.#ask = async options => (await ledger.placeOf?.(name, options)) ?? `${location} ${name}`
  }

  get isKnown(): boolean {
    return this.#known !== undefined
  }

  /** @throws SecretError what the ledger throws */
  async find(options: CallOptions): Promise<void> {
    this.#known ??= await this.#ask(options)
  }

  /** Known from the first reading of the journal on, with which every turn begins. */
  get text(): string {
    if (this.#known === undefined)
      throw new TypeError("the place of a secret was asked for before it was found")
    return this.#known
  }
}
