import type { SecretError } from "../core/index.ts"
import type { Engine } from "./engine.ts"
import { retryDelay } from "./retry.ts"
import { pause } from "./timing.ts"

/** Between the attempts to arm a watch that failed. In milliseconds. */
const REARM_GROWTH = { first: 1_000, longest: 60_000 }

/**
 * Listens to the store's hints that something may have changed, where it gives any and refreshing goes on in the
 * background. A hint is a reason to read again, and no more: what counts is what is read.
 */
export class Watcher {
  readonly #engine: Engine
  #arming: Promise<void> | undefined

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * Resolves when the watch is armed for the first time or has failed to be: whoever reads after that misses nothing.
   * Never rejects.
   */
  async armed(): Promise<void> {
    const { store, settings } = this.#engine
    if (store.watch === undefined || settings.refresh === "on-read") return
    this.#arming ??= this.#arm(0)
    await this.#arming
  }

  async #arm(failures: number): Promise<void> {
    const engine = this.#engine
    const { store, reader, closing, settings } = engine
    // One signal per watch: a store that has reported a failure hears nothing more of the old one.
    const watch = new AbortController()
    const end = () => watch.abort()
    closing.addEventListener("abort", end, { once: true })
    const failed = (error: SecretError) => {
      if (watch.signal.aborted) return
      watch.abort()
      closing.removeEventListener("abort", end)
      engine.events.emit("failed", { code: error.code, error })
      engine.inBackground(this.#armAgain(failures + 1))
    }
    try {
      const arm = async () =>
        await store.watch?.(name => this.#hinted(name), { signal: watch.signal, failed })
      await reader.call({ timeout: settings.policy.callTimeout, signal: closing }, arm)
    } catch (thrown) {
      if (!closing.aborted) failed(thrown as SecretError)
    }
  }

  async #armAgain(failures: number): Promise<void> {
    const { clock, settings, closing } = this.#engine
    await pause(clock, "background", retryDelay(failures, REARM_GROWTH, settings.random()), closing)
    if (closing.aborted) return
    await this.#arm(failures)
    // Nobody knows what was missed meanwhile.
    this.#hinted(undefined)
  }

  #hinted(name: string | undefined): void {
    const engine = this.#engine
    if (engine.closing.aborted) return
    const after = engine.reader.order
    for (const keeper of engine.keepers()) {
      if ((name === undefined || keeper.name === name) && !keeper.asleep && keeper.state.held !== undefined) {
        engine.inBackground(engine.refresh(keeper, {}, after))
      }
    }
  }
}
