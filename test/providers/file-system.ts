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

/** A file system that fails in the middle of somebody's work. */
export interface Failing {
  /** Whether it has failed; not where less was done than that. */
  readonly hasFailed: boolean
  /** Lets the file system work again, for the next process. */
  heal(): void
}

const CHANGES = ["open", "writeFile", "rename", "rm", "link"] as const
const LOOKS = ["readFile", "stat", "lstat", "readlink", "access"] as const
const CHANGES_OF_HANDLES = ["writeFile", "sync", "chmod", "chown"] as const

/**
 * Fails right before the nth call that changes something on disk, from 0.
 *
 * @param rest what becomes of the calls after that one. `"fail"` is a process that has ended: nothing is done any more,
 * and nothing tidied up.
 */
export function failingAt(place: number, rest: "fail" | "work"): Failing {
  let changes = 0
  const mayStill = (changesSomething: boolean): void => {
    const isDue = changes === place && changesSomething
    const isOver = changes > place && rest === "fail"
    if (changesSomething || isOver) changes++
    if (isDue || isOver) throw Object.assign(new Error("with a path"), { code: "EIO" })
  }
  const spies = [...CHANGES, ...LOOKS].map(call => {
    const original = fs[call] as Call
    return vi.spyOn(fs, call).mockImplementation((async (...args: unknown[]) => {
      mayStill(call === "open" ? args[1] !== "r" : (CHANGES as readonly string[]).includes(call))
      const answer = await original(...args)
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
  const heal = (): void => {
    for (const spy of spies) spy.mockRestore()
    syncBuiltinESMExports()
  }
  onTestFinished(heal)
  return {
    get hasFailed() {
      return changes > place
    },
    heal,
  }
}
