import { type Clock, sharedWork } from "../../src/core/index.ts"
import type { OwnClient, SecretsManagerLike } from "./client.ts"

/** A client of the SDK, and the credentials that it has made sure of; none where they are given and stay what they are. */
export interface LoggedIn {
  readonly client: SecretsManagerLike
  readonly identity: Identity | undefined
}

/** Who we are to the service. */
export interface Login {
  /** Makes sure of credentials. @throws what their provider throws, or an error with the code `ETIMEDOUT` */
  ready(): Promise<LoggedIn>
  /** Asks for others than those which the service has refused, and says whether there are any. @throws the same */
  renewed(refused: LoggedIn): Promise<boolean>
  /** Gives back what the client holds, if it is ours. */
  end(): void
}

/** See {@link loginOf}. */
export interface LoginOptions {
  readonly client: SecretsManagerLike
  /** Makes another client of the same kind. `undefined` if the client was handed in: then it is left alone. */
  readonly anew: (() => OwnClient) | undefined
  /** Whether the credentials were given as they are. */
  readonly fixed: boolean
  /** Aborts when nobody waits any more. */
  readonly closing: AbortSignal
  /** Default: the machine's. */
  readonly clock?: Clock
}

interface Identity {
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly sessionToken?: string
}

type Provider = (options?: { readonly forceRefresh: boolean }) => Promise<Identity>

/** To use what the client has, or to have it forget that. */
type Asking = "use" | "renew"

interface Session {
  readonly client: SecretsManagerLike
  readonly provider: Provider | undefined
  /** What its provider has been asked and has not answered. */
  readonly waitsFor: Set<Asking>
}

/**
 * The SDK keeps credentials until shortly before they say that they end, and those that do not say so for good. So when
 * the service refuses them, the client's provider is told to forget what it has, once for all calls that were refused
 * with it: keys that were replaced in a file, or a role whose session was revoked, come back without a restart.
 *
 * The SDK also waits for a login without any bound, and has all calls of a client wait for the same one. So they are
 * asked for here before a call is sent, and a login that is not answered is left behind together with its client.
 */
export function loginOf({ client, anew, fixed, closing, clock }: LoginOptions): Login {
  const sessionOf = (client: SecretsManagerLike): Session => ({
    client,
    provider: fixed ? undefined : providerOf(client.config),
    waitsFor: new Set(),
  })
  const end = ({ client }: Session): void => {
    if (anew !== undefined) (client as OwnClient).destroy()
  }
  let current = sessionOf(client)
  const share = sharedWork<LoggedIn>(unanswered, { closing, ...(clock && { clock }) })

  async function ask(asking: Asking): Promise<LoggedIn> {
    return await share(asking, async left => {
      // Whoever asks now has not joined those who wait, because they have waited for too long.
      if (anew !== undefined && current.waitsFor.has(asking)) current = sessionOf(anew())
      const session = current
      left.addEventListener("abort", () => end(session), { once: true })
      session.waitsFor.add(asking)
      try {
        const identity = await session.provider?.(asking === "renew" ? { forceRefresh: true } : undefined)
        // What was only slow has come to its end before what was begun after it.
        if (session !== current && current.waitsFor.has(asking)) current = session
        return { client: session.client, identity }
      } finally {
        session.waitsFor.delete(asking)
        if (session !== current) end(session)
      }
    })
  }

  return {
    async ready() {
      return current.provider === undefined ? { client, identity: undefined } : await ask("use")
    },
    async renewed(refused) {
      // Others may have asked in the meantime.
      if (differ((await ask("use")).identity, refused.identity)) return true
      return differ((await ask("renew")).identity, refused.identity)
    },
    end: () => end(current),
  }
}

function unanswered(): Error {
  return Object.assign(new Error("the login was not answered"), { code: "ETIMEDOUT" })
}

function differ(one: Identity | undefined, other: Identity | undefined): boolean {
  return (
    one?.accessKeyId !== other?.accessKeyId ||
    one?.secretAccessKey !== other?.secretAccessKey ||
    one?.sessionToken !== other?.sessionToken
  )
}

function providerOf(config: unknown): Provider | undefined {
  const credentials = (config as { credentials?: unknown } | undefined)?.credentials
  return typeof credentials === "function" ? (credentials as Provider) : undefined
}
