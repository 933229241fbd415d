import { memory } from "../../../../providers/memory/index.ts"
import type { Bench } from "./bench.ts"
import { callByCall } from "./call-by-call.ts"

const NAME = "tally/api-token"
const calm = { signal: new AbortController().signal }

/** Secrets in the memory of this process. */
export function memoryBench(): Bench {
  return {
    async place() {
      const store = memory({})
      return {
        name: NAME,
        open: async life => ({ store: callByCall(store, life), close: async () => undefined }),
        async way() {
          throw new TypeError("no other process gets into the memory of this one")
        },
        read: async () => String((await store.read(NAME, calm)).value),
        put: async value => void (await store.write(NAME, value, calm)),
        // What is in its memory can be looked at by nobody but the store itself.
        leftovers: async () => [],
        remove: async () => await store.close(),
      }
    },
    close: async () => undefined,
  }
}
