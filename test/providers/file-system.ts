import fs from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"
import { onTestFinished, vi } from "vitest"

type Call = (...rest: unknown[]) => Promise<unknown>

/** Puts something around a call of the file system for the rest of the test. */
export function around(call: "rename" | "open" | "writeFile" | "link", wrap: (original: Call) => Call): void {
  const original = fs[call] as Call
  const spy = vi.spyOn(fs, call).mockImplementation(wrap(original) as never)
  syncBuiltinESMExports()
  onTestFinished(() => {
    spy.mockRestore()
    syncBuiltinESMExports()
  })
}

/** Makes a call of the file system fail for the rest of the test. */
export function failing(
  call: "rename" | "open" | "writeFile",
  code: string,
  when: (path: string) => boolean,
): void {
  around(call, original => async (...rest) => {
    if (when(String(rest[0]))) throw Object.assign(new Error("with a path"), { code })
    return await original(...rest)
  })
}

/** A process that ends in the middle of its work, as the file system sees it. */
export interface Dying {
  /** Whether it has come to its end; not where it did less than that. */
  readonly isDead: boolean
  /** Lets the file system work again, for the next process. */
  bury(): void
}

const CHANGES = ["open", "writeFile", "rename", "rm", "link"] as const
const LOOKS = ["readFile", "stat", "lstat", "readlink", "access"] as const
const CHANGES_OF_HANDLES = ["writeFile", "sync", "chmod", "chown"] as const

/**
 * Ends the process right before its nth call that changes something on disk, from 0: that call and all after it do
 * nothing, those that would tidy up as well.
 */
export function dyingAt(place: number): Dying {
  let changes = 0
  const mayStill = (changesSomething: boolean): void => {
    if (changes < place || (changes === place && !changesSomething)) {
      if (changesSomething) changes++
      return
    }
    changes = Number.POSITIVE_INFINITY
    throw Object.assign(new Error("the process has ended"), { code: "EIO" })
  }
  const spies = [...CHANGES, ...LOOKS].map(call => {
    const original = fs[call] as Call
    return vi.spyOn(fs, call).mockImplementation((async (...rest: unknown[]) => {
      const writes = call === "open" ? rest[1] !== "r" : (CHANGES as readonly string[]).includes(call)
      mayStill(writes)
      const answer = await original(...rest)
      if (call !== "open") return answer
      const handle = answer as Record<string, Call>
      for (const change of CHANGES_OF_HANDLES) {
        const own = handle[change]?.bind(answer)
        handle[change] = async (...more) => {
          mayStill(true)
          return await own?.(...more)
        }
      }
      return answer
    }) as never)
  })
  syncBuiltinESMExports()
  const bury = (): void => {
    for (const spy of spies) spy.mockRestore()
    syncBuiltinESMExports()
  }
  onTestFinished(bury)
  return {
    get isDead() {
      return changes === Number.POSITIVE_INFINITY
    },
    bury,
  }
}
