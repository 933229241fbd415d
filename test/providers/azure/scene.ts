import { isSecretError, type SecretError } from "latchkey"
import { type AzureOptions, azure } from "latchkey/azure"
import { onTestFinished } from "vitest"
import { type AzureServer, type FakeCredential, startAzure } from "../../servers/azure/index.ts"

/** Options of a call that nobody ends. */
export const calm = { signal: new AbortController().signal }

/** Starts a vault that ends with the test. */
export async function started(options: Parameters<typeof startAzure>[0] = {}): Promise<AzureServer> {
  const server = await startAzure(options)
  onTestFinished(async () => await server.close())
  return server
}

/** The options with which our store reaches the stand-in. */
export function reaching(
  server: AzureServer,
  credential: FakeCredential = server.credential(),
): AzureOptions {
  return {
    vaultUrl: server.url,
    ca: server.ca,
    credential,
    disableChallengeResourceVerification: true,
  }
}

/** A vault with our store in front of it, both of which end with the test. */
export async function scene(options: Parameters<typeof startAzure>[0] = {}, more: AzureOptions = {}) {
  const server = await started(options)
  const credential = server.credential()
  const store = azure({ ...reaching(server, credential), ...more })
  onTestFinished(async () => await store.close())
  return { server, credential, store }
}

/** The error of ours with which a call fails. */
export async function errorOf(call: Promise<unknown>): Promise<SecretError> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!isSecretError(thrown)) throw new Error("the call did not fail with an error of ours")
  return thrown
}

/** Everything that is given. */
export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
