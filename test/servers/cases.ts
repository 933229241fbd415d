import { describe, it } from "vitest"
import { buildVault } from "./own-vault.ts"
import { running } from "./running.ts"
import { isServerName, type ServerName, type Servers, ServerUnavailable } from "./types.ts"

/** What a group of cases proves, and on what; the end of a run counts them by it. */
export interface Cases<Server extends string = string> {
  /** `"vault"`, `"aws"`, `"azure"`, `"gcp"`. */
  readonly backend: string
  /** The name of a server that `running` knows, or what else answers: `"azure stand-in"`. */
  readonly server: Server
  /** The contract suite, recorded answers of the real service, or faults. */
  readonly kind: "contract" | "recorded" | "fault"
  /** Whether the cases take servers of their own by `ownVault`: then that is what must be to be had. Default: no. */
  readonly own?: boolean
}

declare module "vitest" {
  interface TaskMeta {
    cases?: Cases
  }
}

/**
 * Groups cases in a `describe` that the end of the run counts per backend, server and kind. If `server` is one of
 * {@link Servers}, the group waits for it and hands it to the body. Where it cannot be had, the group is one
 * skipped test with the reason; with `CI=true` it is a failed one.
 *
 * Such files are named `*.server.test.ts`.
 */
export function casesOf<Server extends string>(
  cases: Cases<Server>,
  body: (server: Server extends ServerName ? Servers[Server] : undefined) => void | Promise<void>,
): void {
  const { backend, server, kind, own = false } = cases
  const meta = { cases: { backend, server, kind } }
  describe(`${backend} on ${server}, ${kind}`, { meta }, async () => {
    const found = isServerName(server) ? await available(server, own) : undefined
    if (found instanceof ServerUnavailable) return notToBeHad(found)
    await body(found as Parameters<typeof body>[0])
  })
}

/** Groups tests of something else that need a server, with the same waiting and skipping as {@link casesOf}. */
export function describeOn<Name extends ServerName>(
  name: Name,
  body: (server: Servers[Name]) => void | Promise<void>,
  { own = false }: Pick<Cases, "own"> = {},
): void {
  describe(name, async () => {
    const found = await available(name, own)
    if (found instanceof ServerUnavailable) return notToBeHad(found)
    await body(found as Servers[Name])
  })
}

async function available(name: ServerName, own: boolean): Promise<Servers[ServerName] | ServerUnavailable> {
  try {
    if (own && (name === "vault" || name === "openbao")) await buildVault(name)
    return await running(name)
  } catch (error) {
    if (error instanceof ServerUnavailable) return error
    throw error
  }
}

function notToBeHad(reason: ServerUnavailable): void {
  it("has its server", context => {
    if (process.env.CI === "true") throw reason
    context.skip(reason.message)
  })
}
