// Prints how many bytes of heap a cached secret takes beside its value, for one of the libraries.
import { countingStore } from "../counting-store.ts"

const HOW_MANY = 10_000
const names = Array.from({ length: HOW_MANY }, (_, index) => `service/token-${index}`)

/** @type {Record<string, () => Promise<(name: string) => Promise<unknown>>>} */
const caches = {
  async latchkey() {
    const { Secrets } = await import("latchkey")
    const secrets = new Secrets(countingStore(0).store)
    return async name => await secrets.get(name)
  },
  async powertools() {
    const { SecretsProvider } = await import("@aws-lambda-powertools/parameters/secrets")
    const { fakeAws } = await import("../fake-aws.ts")
    const provider = new SecretsProvider({ awsSdkV3Client: fakeAws(0).client })
    return async name => await provider.get(name, { maxAge: 3600 })
  },
}

const cache = await caches[process.argv[2] ?? ""]?.()
if (cache === undefined) throw new Error(`name one of ${Object.keys(caches).join(", ")}`)
// What the first read loads belongs to the library, not to a secret.
await cache("service/warm-up")

const start = heap()
const values = names.map(name => Buffer.from(`value of ${name}`).toString())
const ofValues = heap() - start
const held = []
for (let index = 0; index < HOW_MANY; index += 500) {
  held.push(...(await Promise.all(names.slice(index, index + 500).map(cache))))
}
const ofCache = heap() - start - ofValues
process.stdout.write(String((ofCache - ofValues) / HOW_MANY))
// Both stay reachable until here; background timers do not keep the process.
if (values.length !== held.length) process.exitCode = 1
process.exit()

/** Bytes of live heap. */
function heap() {
  for (let round = 0; round < 4; round++) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
