import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

export function collectGarbage(): void {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
}

/** Collects until it is so; a collector promises nothing about when. */
export async function untilCollected(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let round = 0; round < 100 && !(await isSo()); round++) {
    // What was looked at through a weak reference is held until the end of that turn.
    await new Promise<void>(resolve => setImmediate(resolve))
    collectGarbage()
  }
}
