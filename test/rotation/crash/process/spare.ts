import { Child } from "./child.ts"

/** Processes that are started before they are needed, because a start takes a while. */
export class Spare {
  readonly #waiting: Promise<Child>[] = []

  /** @param count how many are held ready. */
  constructor(count: number) {
    for (let started = 0; started < count; started += 1) this.#waiting.push(heard(Child.start()))
  }

  /** One that waits for its task, and another one in its place. */
  async take(): Promise<Child> {
    this.#waiting.push(heard(Child.start()))
    return await (this.#waiting.shift() as Promise<Child>)
  }

  /** Kills those that were not needed. */
  async close(): Promise<void> {
    for (const child of this.#waiting.splice(0)) await (await child).kill()
  }
}

/** Whoever takes it is told if it could not be started. */
function heard(child: Promise<Child>): Promise<Child> {
  child.catch(() => undefined)
  return child
}
