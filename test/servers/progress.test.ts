import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { showProgress, spent } from "./progress.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function newOutput(isTTY: boolean, columns = 80) {
  const pieces: string[] = []
  const write = (text: string | Uint8Array): boolean => pieces.push(String(text)) > 0
  return { output: { write, isTTY, columns }, pieces }
}

it("in a pipe says every ten seconds what goes on and for how long, and says nothing when nothing does", () => {
  const { output, pieces } = newOutput(false)
  const progress = showProgress({ output })
  progress.doing("vault", "compiles, 12 packages so far")
  vi.advanceTimersByTime(9000)
  expect(pieces).toEqual([])
  progress.doing("vault", "compiles, 40 packages so far")
  vi.advanceTimersByTime(1000)
  expect(pieces).toEqual(["vault      compiles, 40 packages so far (10 s)\n"])
  progress.done("vault", "is up")
  vi.advanceTimersByTime(20_000)
  expect(pieces.slice(1)).toEqual(["vault      is up (10 s)\n"])
  progress.stop()
})

it("on a terminal draws one line for each server over the ones before, no wider than the terminal", () => {
  const { output, pieces } = newOutput(true, 30)
  const progress = showProgress({ output })
  progress.doing("vault", "compiles, which takes a long, long time")
  progress.doing("moto", "starts")
  vi.advanceTimersByTime(250)
  expect(pieces.at(-1)).toBe("vault      compiles, which ta\nmoto       starts (0 s)\n")
  vi.advanceTimersByTime(250)
  expect(pieces.at(-1)).toBe("\x1b[2A\x1b[Jvault      compiles, which ta\nmoto       starts (1 s)\n")
  progress.done("moto", "is up")
  expect(pieces.slice(-2)).toEqual([
    "\x1b[2A\x1b[Jmoto       is up (1 s)\n",
    "vault      compiles, which ta\n",
  ])
  progress.stop()
  expect(pieces.at(-1)).toBe("\x1b[1A\x1b[J")
  expect(vi.getTimerCount()).toBe(0)
})

it("on a terminal that does not know its width takes the usual one", () => {
  const { output, pieces } = newOutput(true, 0)
  const progress = showProgress({ output })
  progress.doing("moto", "starts")
  vi.advanceTimersByTime(250)
  expect(pieces.at(-1)).toBe("moto       starts (0 s)\n")
  progress.stop()
})

it.each([
  [400, "0 s"],
  [59_400, "59 s"],
  [59_600, "1 min 0 s"],
  [200_000, "3 min 20 s"],
])("calls %i ms %s", (milliseconds, text) => {
  expect(spent(milliseconds)).toBe(text)
})
