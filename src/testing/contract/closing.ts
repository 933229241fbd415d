import { isSecretError } from "../../core/index.ts"
import { calm, ensure } from "../ensure.ts"
import { type Check, read } from "./check.ts"

/** Reaching a store, and leaving it. */
export const closingChecks: readonly Check[] = [
  {
    name: "can be reached",
    async run(bench) {
      await bench.within(bench.store.ping(calm()), "ping answers")
    },
  },
  {
    name: "can be closed twice, and at the same time",
    async run(bench) {
      const { store } = bench
      await bench.put(bench.name("token"), bench.value())
      await read(store, bench.name("token"))
      await bench.within(Promise.all([store.close(), store.close()]), "closing ends")
      await bench.within(store.close(), "closing again ends")
    },
  },
  {
    name: "can be closed without having been used",
    async run(bench) {
      await bench.within(bench.store.close(), "closing ends")
    },
  },
  {
    name: "can be closed while it reads, and fails after that with errors of ours only",
    async run(bench) {
      const { store } = bench
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const during = outcome(read(store, name))
      await bench.within(store.close(), "closing during a read ends")
      ensure((await bench.within(during, "a read during close ends")) !== "foreign", "a read during close")
      const after = outcome(read(store, name))
      ensure((await bench.within(after, "a read after close ends")) !== "foreign", "a read after close")
    },
  },
]

function outcome(call: Promise<unknown>): Promise<"answer" | "ours" | "foreign"> {
  return call.then(
    () => "answer" as const,
    (thrown: unknown) => (isSecretError(thrown) ? "ours" : "foreign"),
  )
}
