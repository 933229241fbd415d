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
