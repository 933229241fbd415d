import {
  type Clock,
  readStoreUrl,
  refuseCredentials,
  refuseUnknownOptions,
  SecretError,
  type SecretStore,
} from "./core/index.ts"
import { Secrets, type SecretsOptions } from "./secrets/index.ts"

/** What can be said beside the URL of a store. */
export interface OpenStoreOptions {
  /** The variables of the environment. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Given to stores that wait: for a file to come to rest, for example. Default: the clock of the machine. */
  readonly clock?: Clock | undefined
  /** Ends the opening. Default: it ends when the store has answered. */
  readonly signal?: AbortSignal | undefined
}

/** What can be said beside the URL of the store of a {@link Secrets}. */
export interface OpenSecretsOptions extends SecretsOptions, Pick<OpenStoreOptions, "env"> {}

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock | undefined
}

type Open = (url: URL, surroundings: Surroundings) => Promise<SecretStore>

/**
 * From the scheme of a URL to the store. The imports are literal, so that bundlers see them, and happen when the scheme
 * is used: a program loads the backends that it opens.
 */
const SCHEMES: Readonly<Record<string, Open>> = {
  "env:": async (url, { env, clock }) => {
    const provider = await import("../providers/env/index.ts")
    return provider.env({ ...provider.fromUrl(url, env), clock })
  },
  "dotenv:": async (url, { env, clock }) => {
    const provider = await import("../providers/dotenv/index.ts")
    return provider.dotenv({ ...provider.fromUrl(url, env), clock })
  },
  "memory:": async (url, { env, clock }) => {
    const provider = await import("../providers/memory/index.ts")
    return provider.memory({}, { ...provider.fromUrl(url, env), clock })
  },
  "layered:": openLayers,
  "aws:": notYet,
  "azure:": notYet,
  "gcp:": notYet,
  "vault:": notYet,
}

/** The store of `openSecrets()` where nothing else is said. */
const DEFAULT_STORE = "layered:?store=env:&store=dotenv:.env%3Foptional=true"

/**
 * Opens a store by URL and asks it whether it is there.
 *
 * | URL | store |
 * |---|---|
 * | `env:` | environment variables |
 * | `dotenv:.env`, `dotenv:/etc/app/.env` | a `.env` file, which must be there |
 * | `dotenv:.env.local,.env?optional=true` | several, the first one wins; they may be missing |
 * | `memory:` | memory, empty at first |
 * | `layered:?store=env:&store=dotenv:.env` | several stores, asked in their order; `&`, `%` and `#` in their URLs are `%26`, `%25` and `%23` |
 *
 * All take `prefix=billing` and `rename.tally/api-token=TALLY_API_KEY`. A URL holds no credential: those with a user, a
 * password or a parameter that is called like one are refused.
 *
 * @throws SecretError `MISCONFIGURED` for a URL that is none, an unknown scheme or parameter (the message lists what
 * exists and quotes nothing of the URL), a credential, or a file that is not there; `UNSUPPORTED` for a backend that is
 * still to come; whatever the store says that cannot be reached; `ABORTED`
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<SecretStore> {
  refuseUnknownOptions("openStore()", options, ["env", "clock", "signal"])
  const { env = process.env, clock, signal = new AbortController().signal } = options
  const store = await open(url, { env, clock })
  try {
    await store.ping({ signal })
    return store
  } catch (thrown) {
    await store.close()
    throw thrown
  }
}

/**
 * Opens a store by URL and puts {@link Secrets} in front of it. `close()` at shutdown closes both.
 *
 * @param url see {@link openStore}. Default: what is in `LATCHKEY_STORE`; if that is not set, the environment over the
 * file `.env`, which may be missing.
 * @throws SecretError as {@link openStore} does, and `MISCONFIGURED` for options that {@link Secrets} refuses
 */
export async function openSecrets(url?: string, options: OpenSecretsOptions = {}): Promise<Secrets> {
  const { env = process.env, ...secretsOptions } = options
  const { clock } = secretsOptions
  const store = await openStore(url ?? env.LATCHKEY_STORE ?? DEFAULT_STORE, { env, clock })
  try {
    return new Secrets(store, secretsOptions)
  } catch (thrown) {
    await store.close()
    throw thrown
  }
}

async function open(text: string, surroundings: Surroundings): Promise<SecretStore> {
  const url = parse(text)
  refuseCredentials(url)
  const openScheme = Object.hasOwn(SCHEMES, url.protocol) ? SCHEMES[url.protocol] : undefined
  if (openScheme === undefined) throw misconfigured("the URL of the store has a scheme that does not exist")
  return await openScheme(url, surroundings)
}

async function openLayers(url: URL, surroundings: Surroundings): Promise<SecretStore> {
  const { path, naming, parameters } = readStoreUrl(url, ["store"])
  const urls = parameters.get("store") ?? []
  if (path !== "" || urls.length === 0) {
    throw new SecretError("MISCONFIGURED", {
      message: "the URL of the store (layered:) names no stores",
      hint: "write layered:?store=env:&store=dotenv:.env, the store that wins first",
    })
  }
  const { layered } = await import("../providers/layered/index.ts")
  const layers: SecretStore[] = []
  try {
    for (const one of urls) layers.push(await open(one, surroundings))
    return layered(layers, naming)
  } catch (thrown) {
    await Promise.all(layers.map(async layer => await layer.close()))
    throw thrown
  }
}

async function notYet(url: URL): Promise<SecretStore> {
  throw new SecretError("UNSUPPORTED", {
    message: `the backend ${url.protocol} does not exist in this version`,
    hint: `today there are ${available()}`,
  })
}

function parse(text: string): URL {
  const url = typeof text === "string" ? URL.parse(text) : null
  if (url !== null) return url
  throw misconfigured(text === "" ? "the URL of the store is empty" : "the URL of the store is not a URL")
}

/** Says what exists, and quotes nothing: a URL that is wrong may be a credential in the wrong place. */
function misconfigured(message: string): SecretError {
  return new SecretError("MISCONFIGURED", {
    message,
    hint: `there are ${available()}; LATCHKEY_STORE, or the argument, is one of them: dotenv:.env`,
  })
}

function available(): string {
  return Object.entries(SCHEMES)
    .filter(([, openScheme]) => openScheme !== notYet)
    .map(([scheme]) => scheme)
    .join(", ")
}
