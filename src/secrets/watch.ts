import { rebuild } from "../core/index.ts"
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
  #arming: Promise<unknown> | undefined
  /** How often the watch has failed in a row, without having held for a while in between. */
  #failures = 0

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
    this.#arming ??= this.#arm()
    await this.#arming
  }

  /** @returns whether the watch is armed. */
  async #arm(): Promise<boolean> {
    const engine = this.#engine
    const { store, reader, clock, closing, settings } = engine
    // One signal per watch: a store that has reported a failure hears nothing more of the old one.
    const watch = new AbortController()
    const end = () => watch.abort()
    closing.addEventListener("abort", end, { once: true })
    const begun = clock.monotonic()
    const failed = (reported: unknown) => {
      if (watch.signal.aborted) return
      // One that is armed and drops at once, over and over, must not have everything read again each time.
      if (clock.monotonic() - begun > REARM_GROWTH.longest) this.#failures = 0
      const error = rebuild(reported, { store: store.location })
      watch.abort()
      closing.removeEventListener("abort", end)
      this.#failures += 1
      engine.events.emit("failed", { code: error.code, error })
      engine.inBackground(this.#armAgain())
    }
    try {
      const arm = async () =>
        await store.watch?.(name => this.#hinted(name), { signal: watch.signal, failed })
      await reader.call({ timeout: settings.policy.callTimeout, signal: closing }, arm)
    } catch (thrown) {
      if (!closing.aborted) failed(thrown)
    }
    return !watch.signal.aborted
  }

  async #armAgain(): Promise<void> {
    const { clock, settings, closing } = this.#engine
    await pause(clock, "background", retryDelay(this.#failures, REARM_GROWTH, settings.random()), closing)
    if (closing.aborted) return
    // Nobody knows what was missed meanwhile.
    if (await this.#arm()) this.#hinted(undefined)
  }

  #hinted(name: string | undefined): void {
    const engine = this.#engine
    if (engine.closing.aborted) return
    for (const keeper of engine.keepers()) {
      // The first read may have been answered just before what is hinted at, so it counts as little as any other.
      const kept = keeper.state.held !== undefined || keeper.flight !== undefined
      if ((name === undefined || keeper.name === name) && kept && !keeper.asleep) {
        engine.readSoon(keeper)
      }
    }
  }
}
