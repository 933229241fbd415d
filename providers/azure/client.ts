import { AsyncLocalStorage } from "node:async_hooks"
import { Agent } from "node:https"
// Of the SDK, types only: the packages themselves are loaded at the first call.
import type { SecretClientOptions } from "@azure/keyvault-secrets"
import { notInstalled, readAuthority } from "../../src/core/index.ts"
import type { AzureCredential, KeyVaultAnswer, KeyVaultClient } from "./client-types.ts"
import { KeyVaultFailure } from "./failure.ts"
import { loginWith } from "./login.ts"
import type { Place } from "./places.ts"

/** What a client of our own is made of. */
export interface ClientSettings {
  readonly place: Place
  readonly credential: AzureCredential | undefined
  readonly clientId: string | undefined
  readonly ca: string | undefined
  readonly serviceVersion: string | undefined
  readonly disableChallengeResourceVerification: boolean
}

/** What makes clients that share a login and connections. */
export interface ClientMaker {
  /** @param past called when a request with a token leaves. */
  make(past: () => void): KeyVaultClient
  /** Waits for a login, if one is due. */
  ready(): Promise<void>
  /**
   * Runs one step of a listing: the SDK hands a signal, and what it is given to tell of answers, to the first page only.
   */
  page<T>(page: Page, step: () => Promise<T>): Promise<T>
  /** Ends the connections. */
  close(): void
}

/** One step of a listing. */
export interface Page {
  readonly signal: AbortSignal
  /** Told of each answer, and of none when a request leaves. */
  answered(answer: KeyVaultAnswer | undefined): void
}

type Policy = NonNullable<SecretClientOptions["additionalPolicies"]>[number]

/**
 * Loads the SDK, and `@azure/identity` if no credential was given.
 *
 * @param closing ends what is under way.
 * @throws SecretError `MISCONFIGURED` with the line to install what is missing, or for a `ca` that is none.
 */
export async function clientMaker(settings: ClientSettings, closing: AbortSignal): Promise<ClientMaker> {
  const { place, serviceVersion, disableChallengeResourceVerification } = settings
  const [{ SecretClient }, credentialOf, ca] = await Promise.all([
    import("@azure/keyvault-secrets").catch(notInstalled("@azure/keyvault-secrets", "azure()")),
    credentialMaker(settings),
    settings.ca === undefined ? undefined : readAuthority(settings.ca),
  ])
  const agent = new Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) })
  const pages = new AsyncLocalStorage<Page>()
  const login = loginWith(credentialOf, { closing })

  /** Stands behind the SDK's own handling of proxies, redirects and tokens, and sees what really leaves. */
  const policy = (past: () => void): Policy => ({
    position: "perRetry",
    policy: {
      name: "latchkey",
      async sendRequest(request, next) {
        if (new URL(request.url).origin !== place.url)
          throw new KeyVaultFailure({ mishap: "leads elsewhere" })
        // A proxy of the environment has put its own here.
        request.agent ??= agent
        const page = pages.getStore()
        const signal = request.abortSignal ?? page?.signal
        if (signal !== undefined) request.abortSignal = signal
        const token = request.headers.get("authorization")?.replace(/^Bearer /, "")
        if (token !== undefined) past()
        page?.answered(undefined)
        const answer = await next(request)
        if (token !== undefined && answer.status === 401) login.refused(token)
        page?.answered({ ...answer, parsedBody: parsed(answer.bodyAsText) })
        return answer
      },
    },
  })

  return {
    make(past) {
      const options: SecretClientOptions = {
        retryOptions: { maxRetries: 0 },
        redirectOptions: { handleRedirects: false, maxRetries: 0 },
        disableChallengeResourceVerification,
        additionalPolicies: [policy(past)],
        ...(serviceVersion === undefined
          ? {}
          : { serviceVersion: serviceVersion as NonNullable<SecretClientOptions["serviceVersion"]> }),
      }
      return new SecretClient(place.url, login, options)
    },
    ready: login.ready,
    page: async (page, step) => await pages.run(page, step),
    close: () => agent.destroy(),
  }
}

/** Makes the credential anew each time, because those of `@azure/identity` keep the tokens that they have got. */
async function credentialMaker(settings: ClientSettings): Promise<() => AzureCredential> {
  const { credential, clientId, place } = settings
  if (credential !== undefined) return () => credential
  const { DefaultAzureCredential } = await import("@azure/identity").catch(
    notInstalled("@azure/identity", "azure() without a credential of yours"),
  )
  const login = {
    // Whoever asks repeats, and knows how often.
    retryOptions: { maxRetries: 0 },
    ...(place.login !== undefined && { authorityHost: place.login }),
  }
  return () =>
    clientId === undefined
      ? new DefaultAzureCredential(login)
      : new DefaultAzureCredential({
          ...login,
          managedIdentityClientId: clientId,
          workloadIdentityClientId: clientId,
        })
}

function parsed(body: string | null | undefined): unknown {
  try {
    return JSON.parse(body ?? "")
  } catch {
    // Not in the form of Key Vault, which is all that has to be known of it.
    return undefined
  }
}
