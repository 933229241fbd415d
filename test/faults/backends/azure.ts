import { azure } from "../../../providers/azure/index.ts"
import { type AzureServer, type FakeCredential, startAzure } from "../../servers/azure/index.ts"
import { makeCertificate } from "../../support/certificates.ts"
import { laterBy } from "../../support/clock.ts"
import { startHttpProxy } from "../http-proxy.ts"
import type { Column, Evidence, Needs } from "../matrix/cell.ts"
import { type HttpBench, overHttp, struckBy } from "../matrix/over-http.ts"
import { recordedAnswer } from "../recorded.ts"

/** A store of Azure Key Vault in front of the stand-in. */
export interface AzureBench extends HttpBench {
  readonly server: AzureServer
  readonly credential: FakeCredential
  /** From now on logins are never answered, until what it gives is called; those that hang then go on hanging. */
  silenceLogins(): () => void
}

const NAME = "tally/api-token"
const OWN_NAME = "tally--api-token"

/** Starts a stand-in, the proxy in front of it, and a store. @param needs what a cell needs. */
export async function azureBench({ link: makeLink }: Needs): Promise<AzureBench> {
  const server = await startAzure()
  const certificate = await makeCertificate()
  const proxy = await startHttpProxy({ upstream: server.url, upstreamCa: server.ca, certificate })
  const link = await makeLink?.(proxy.port)
  const credential = server.credential("owner")
  const tokens: string[] = []
  let isSilent = false
  return {
    server,
    credential,
    proxy,
    link,
    store: azure({
      vault: `127.0.0.1:${link?.port ?? proxy.port}`,
      ca: certificate.cert,
      disableChallengeResourceVerification: true,
      credential: {
        async getToken(scopes, options) {
          if (isSilent) return await new Promise<never>(() => undefined)
          const token = await credential.getToken(scopes, options)
          tokens.push(token.token)
          return token
        },
      },
    }),
    name: NAME,
    credentials: tokens,
    answer: JSON.stringify({
      value: "of another host",
      id: `https://vault/secrets/${OWN_NAME}/0123456789abcdef0123456789abcdef`,
      attributes: { enabled: true },
    }),
    // The first request of a client has no body: it only asks how to log in.
    isWrite: ({ method, body }) => method === "PUT" && body.length > 0,
    put: async value => void server.put(OWN_NAME, value),
    silenceLogins() {
      isSilent = true
      return () => {
        isSilent = false
      }
    },
    async close() {
      await link?.close()
      await proxy.close()
      await server.close()
    },
  }
}

const injected: Evidence = { is: "injected" }
const recorded = (id: string): Evidence => ({ is: "recorded answer", id })
const nothing = { end: () => undefined }

/** What Azure Key Vault, or its stand-in, does to a program on bad days. */
export const azureColumn: Column<AzureBench> = {
  ...overHttp<AzureBench>(injected),
  throttled: {
    code: "THROTTLED",
    held: "stale",
    evidence: recorded("azure-throttled"),
    begin: bench =>
      struckBy(bench, {
        is: "answer",
        ...recordedAnswer("azure", "azure-throttled", bench.credentials.join()),
      }),
  },
  expiredAndBack: {
    code: "none",
    held: "current",
    evidence: injected,
    begin({ server }) {
      server.expireTokens()
      return nothing
    },
  },
  expired: {
    code: "UNAUTHENTICATED",
    held: "stale",
    evidence: injected,
    begin({ server, credential, credentials }) {
      server.expireTokens()
      credential.failWith(() => loginRefused(credentials))
      return { end: () => credential.failWith() }
    },
  },
  silentLogin: {
    code: "TIMEOUT",
    held: "stale",
    evidence: injected,
    begin({ server, silenceLogins }) {
      server.expireTokens()
      const answer = silenceLogins()
      return {
        end() {
          answer()
          // From then on nobody waits for the login that hangs.
          laterBy(10_000)
        },
      }
    },
  },
  denied: {
    code: "DENIED",
    held: "ends",
    evidence: recorded("azure-denied-rbac"),
    begin({ server }) {
      server.deny(OWN_NAME)
      return { end: () => server.allow(OWN_NAME) }
    },
  },
  deleted: {
    code: "NOT_FOUND",
    held: "ends",
    evidence: recorded("azure-get-after-delete"),
    begin({ server }) {
      server.softDelete(OWN_NAME)
      return nothing
    },
  },
  disabled: {
    code: "DISABLED",
    held: "ends",
    evidence: recorded("azure-get-disabled"),
    begin({ server }) {
      server.disable(OWN_NAME)
      return nothing
    },
  },
  badVersion: {
    code: "DISABLED",
    held: "keeps",
    evidence: recorded("azure-get-disabled"),
    begin({ server }) {
      server.put(OWN_NAME, "a bad version")
      server.disable(OWN_NAME)
      return nothing
    },
  },
  keyService: {
    notThere: "Key Vault encrypts secrets with keys of its own, which nobody outside can take away",
  },
}

/** What `@azure/identity` throws when the login is refused: with what was sent in it. */
function loginRefused(tokens: readonly string[]): Error {
  const error = new Error(`AADSTS7000222: expired; ${tokens.join()}`)
  return Object.assign(error, { name: "AuthenticationRequiredError", tokens })
}
