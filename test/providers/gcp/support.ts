import { isSecretError, type SecretError } from "latchkey"
import { type GcpOptions, gcp } from "latchkey/gcp"
import { onTestFinished } from "vitest"
import { type GcpServer, type GcpOptions as StandInOptions, startGcp } from "../../servers/gcp/index.ts"

/** Options of a call that nobody aborts. */
export const calm = { signal: new AbortController().signal }

/** Starts a stand-in that ends with the test. */
export async function standIn(options: StandInOptions = {}): Promise<GcpServer> {
  const server = await startGcp(options)
  onTestFinished(async () => await server.close())
  return server
}

/** The options that lead to a stand-in without TLS. */
export function at(server: GcpServer): GcpOptions {
  return { project: server.project, endpoint: server.address, insecure: true }
}

/** A store that is closed with the test. */
export function opened(options: GcpOptions): ReturnType<typeof gcp> {
  const store = gcp(options)
  onTestFinished(async () => await store.close())
  return store
}

/** A stand-in, and a store on it. */
export async function rig(
  options: Omit<GcpOptions, "project"> = {},
): Promise<{ server: GcpServer; store: ReturnType<typeof gcp> }> {
  const server = await standIn()
  return { server, store: opened({ ...at(server), ...options }) }
}

/** The error of ours that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<SecretError> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!isSecretError(thrown))
    throw new Error("the call did not fail with an error of ours", { cause: thrown })
  return thrown
}

/** All that an iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
