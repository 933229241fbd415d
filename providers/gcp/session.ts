import { readFile } from "node:fs/promises"
import { misconfigured, notInstalled, readAuthority } from "../../src/core/index.ts"
import { CANCELLING } from "./cancel.ts"
import { loginFailure } from "./login.ts"
import type { GcpOptions } from "./options.ts"
import type { GcpAuthClient, GcpClient } from "./sdk.ts"

/** Who asks: the SDK, with credentials that have been found. */
export interface Identity {
  /** Whether another one would do anything anew, and another channel of it. */
  readonly renewable: boolean
  /** Sees to it that there is a token; at once if there is one already. @throws LoginFailure */
  login(): Promise<void>
  /** Tells the credentials that the service refuses their token, so that they get another one. */
  refused(): void
  /** Makes a channel of its own to the service. Asks nobody anything. @throws LoginFailure */
  channel(): Promise<Channel>
}

/** A client of the SDK with its channel. */
export interface Channel {
  readonly client: GcpClient
  /** Gives it back. May be called twice. */
  close(): void
}

/** The parts of an SDK's client that only its owner uses. */
interface OwnClient extends GcpClient {
  /** Who asks. What stands in `jsonContent` goes before what the environment says. */
  readonly auth: { jsonContent: unknown; getClient(): Promise<GcpAuthClient> }
  /** Resolves to the channel. */
  initialize(): Promise<{ close(): void }>
}

type MakeClient = new (settings: Readonly<Record<string, unknown>>) => OwnClient

/** The part of `@grpc/grpc-js` that says how a channel is secured. */
interface ChannelCredentials {
  createInsecure(): unknown
  createSsl(ca: Uint8Array): unknown
  createFromGoogleCredential(credential: {
    getRequestHeaders(url: string): Promise<Record<string, string>>
  }): unknown
  combineChannelCredentials(channel: unknown, call: unknown): unknown
}

const CHANNEL = {
  ...CANCELLING,
  // Otherwise a channel that has failed waits up to two minutes before it tries again, and all calls meanwhile fail
  // without having been tried. How often the service is asked is for `Secrets` to say.
  "grpc.initial_reconnect_backoff_ms": 200,
  "grpc.max_reconnect_backoff_ms": 2_000,
  // Otherwise a new channel takes over the connection of the one that it is to replace, dead as it is.
  "grpc.use_local_subchannel_pool": 1,
}

const SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"

/**
 * Loads the SDK and finds the credentials, for which the metadata server may have to be looked for.
 *
 * @throws SecretError `MISCONFIGURED` if the SDK is not installed, or a file that was named cannot be used
 * @throws LoginFailure
 */
export async function findIdentity(options: GcpOptions): Promise<Identity> {
  if (options.client !== undefined) return identityOf(options.client)
  const { SecretManagerServiceClient } = await import("@google-cloud/secret-manager").catch(
    notInstalled("@google-cloud/secret-manager", "gcp()"),
  )
  const Client = SecretManagerServiceClient as unknown as MakeClient
  // Without projectId, the SDK asks the metadata server for one, and uses it for nothing.
  const settings = { ...CHANNEL, ...placeOf(options), projectId: options.project }
  const first = new Client({ ...settings, ...(options.authClient && { authClient: options.authClient }) })
  if (options.insecure) {
    // A universe that is named need not be asked of credentials, which an emulator has no use for.
    const plain = { ...settings, universeDomain: "googleapis.com" }
    const sslCreds = channelCredentials(first).createInsecure()
    return identity(undefined, () => new Client({ ...plain, sslCreds }))
  }
  // As options of the client they would make Google's library write warnings to the console.
  first.auth.jsonContent = options.credentials ?? (await keyIn(options.keyFilename)) ?? null
  refuseOtherTypes(first.auth.jsonContent)
  const authClient = await first.auth.getClient().catch(loginFailure)
  if (options.ca !== undefined) {
    const pem = Buffer.from(await readAuthority(options.ca))
    const sslCreds = trusting(channelCredentials(first), pem, authClient)
    return identity(authClient, () => new Client({ ...settings, authClient, sslCreds }))
  }
  let unused: OwnClient | undefined = first
  return identity(authClient, () => {
    const client = unused ?? new Client({ ...settings, authClient })
    unused = undefined
    return client
  })
}

/** That of a client that is another's: it is neither logged in nor closed here. */
function identityOf(client: GcpClient): Identity {
  const channel: Channel = { client, close() {} }
  return { renewable: false, async login() {}, refused() {}, channel: async () => channel }
}

function identity(caller: GcpAuthClient | undefined, makeClient: () => OwnClient): Identity {
  return {
    renewable: true,
    async login() {
      // A login that fails inside of a call comes out of gRPC as a text; here it still is what it was.
      await caller?.getRequestHeaders(`https://secretmanager.googleapis.com/${SERVICE}`).catch(loginFailure)
    },
    refused: () => expire(caller),
    async channel() {
      const client = makeClient()
      // The SDK's methods do this too, but where it fails they leave a rejection that nobody handles.
      const channel = await client.initialize().catch(loginFailure)
      let isOpen = true
      return {
        client,
        // client.close() would first open a second channel, that of an API which is not used here.
        close() {
          if (isOpen) channel.close()
          isOpen = false
        },
      }
    },
  }
}

/** Credentials that stay over all logins, those that were handed over, still hold the token that was refused. */
function expire(caller: GcpAuthClient | undefined): void {
  const { credentials, setCredentials } = (caller ?? {}) as {
    credentials?: { expiry_date?: unknown }
    setCredentials?: unknown
  }
  // Only a token with an end is one that the client got itself, and can get again.
  if (typeof credentials?.expiry_date !== "number" || typeof setCredentials !== "function") return
  setCredentials.call(caller, { ...credentials, expiry_date: 1 })
}

function placeOf({ endpoint, location }: GcpOptions): { apiEndpoint?: string; port?: number } {
  if (endpoint === undefined)
    return location === undefined ? {} : { apiEndpoint: `secretmanager.${location}.rep.googleapis.com` }
  const [, host = endpoint, port] = /^(.*?)(?::(\d+))?$/.exec(endpoint) ?? []
  return { apiEndpoint: host, ...(port !== undefined && { port: Number(port) }) }
}

function trusting(make: ChannelCredentials, ca: Uint8Array, caller: GcpAuthClient): unknown {
  const call = make.createFromGoogleCredential({
    getRequestHeaders: async url =>
      Object.fromEntries((await caller.getRequestHeaders(url)) as Iterable<[string, string]>),
  })
  return make.combineChannelCredentials(make.createSsl(ca), call)
}

/** The gRPC library that the SDK itself uses: credentials of another copy are refused, and it is not ours to import. */
function channelCredentials(client: OwnClient): ChannelCredentials {
  const { _gaxGrpc: inside } = client as { _gaxGrpc?: { grpc?: { credentials?: ChannelCredentials } } }
  if (inside?.grpc?.credentials) return inside.grpc.credentials
  throw misconfigured(
    "this version of @google-cloud/secret-manager does not let its connections be changed",
    "hand over a client instead of ca and insecure: gcp({ project, client })",
  )
}

async function keyIn(path: string | undefined): Promise<unknown> {
  if (path === undefined) return undefined
  const text = await readFile(path, "utf8").catch(() => {
    throw misconfigured(
      "the file that keyFilename names cannot be read",
      "see whether it is there and readable by this process",
    )
  })
  try {
    return JSON.parse(text)
  } catch {
    // The parser quotes what it could not read, and that is a key.
    throw misconfigured(
      "the file that keyFilename names does not hold JSON",
      "it is the key file that Google's console gives out",
    )
  }
}

function refuseOtherTypes(content: unknown): void {
  const type = (content as { type?: unknown } | null)?.type
  if (content === null || type === "service_account" || type === "authorized_user") return
  throw misconfigured(
    "the credentials are neither a service account's nor a user's",
    "name a file of another type in GOOGLE_APPLICATION_CREDENTIALS, or hand over an authClient",
  )
}
