import {
  type Clock,
  readStoreUrl,
  refuseCredentials,
  refuseLogin,
  refuseUnknownOptions,
  SecretError,
  type SecretStore,
  systemClock,
} from "./core/index.ts"
import {
  type Ask,
  askOnce,
  askUntilDeadline,
  Secrets,
  type SecretsOptions,
  settingsOf,
} from "./secrets/index.ts"

/** What can be said beside the URL of a store. */
export interface OpenStoreOptions {
  /** The variables of the environment. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Given to stores that wait: for a file to come to rest, for example. Default: the clock of the machine. */
  readonly clock?: Clock | undefined
  /** Ends the opening. Default: it ends when the store has answered, or after 5 seconds. */
  readonly signal?: AbortSignal | undefined
}

/** What can be said beside the URL of the store of a {@link Secrets}. */
export interface OpenSecretsOptions extends SecretsOptions, Pick<OpenStoreOptions, "env"> {
  /** Ends the opening, and nothing later. Default: it ends when the store has answered, or after `startupDeadline`. */
  readonly signal?: AbortSignal | undefined
}

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock | undefined
  /** Puts a question to a store. */
  readonly ask: Ask
  /** Which stores are asked whether they are there. */
  readonly asked: "all" | "local"
  /** What the URL is called in messages. */
  readonly called: string
}

/** The scheme of stores that are made of others. */
const LAYERED = "layered:"

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
  [LAYERED]: openLayers,
  "aws:": async (url, { env }) => {
    const provider = await import("../providers/aws/index.ts")
    return provider.aws(provider.fromUrl(url, env))
  },
  "azure:": async (url, { env }) => {
    const provider = await import("../providers/azure/index.ts")
    return provider.azure(provider.fromUrl(url, env))
  },
  "gcp:": async (url, { env }) => {
    const provider = await import("../providers/gcp/index.ts")
    return provider.gcp(provider.fromUrl(url, env))
  },
  "vault:": async (url, { env, clock, ask }) => {
    const provider = await import("../providers/vault/index.ts")
    const opening = provider.openingVault({ ...provider.fromUrl(url, env), clock })
    try {
      return await ask(`vault://${url.host}${url.pathname}`, async signal => await opening.store({ signal }))
    } catch (thrown) {
      await closeQuietly(opening)
      throw thrown
    }
  },
}

/** What a URL is called that was given as an argument. */
const ARGUMENT = "the URL of the store"

/** How long `openStore()` waits for the store to say that it is there, in milliseconds. */
const PATIENCE = 5_000

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
 * | `aws://eu-west-1/prod/tally` | AWS Secrets Manager: a region, and what names begin with |
 * | `azure://my-vault` | Azure Key Vault |
 * | `gcp://my-project` | Google Secret Manager |
 * | `vault://127.0.0.1:8200/secret` | HashiCorp Vault or OpenBao: a server and the mount of an engine |
 * | `layered:?store=env:&store=dotenv:.env` | several stores, asked in their order; `&`, `%` and `#` in their URLs are `%26`, `%25` and `%23` |
 *
 * All take `prefix=billing` and `rename.tally/api-token=TALLY_API_KEY`. A URL holds no credential: those with a user or a
 * password are refused, and so is every parameter that does not exist.
 *
 * @throws SecretError `MISCONFIGURED` for a URL that is none, an unknown scheme or parameter (the message lists what
 * exists and quotes nothing of the URL but a plain word in the place of a name), a credential, a file that is not there, or
 * an SDK that is not installed (the hint is the line that installs it); whatever the store says that cannot be reached;
 * `TIMEOUT` if it says nothing within 5 seconds; `ABORTED`
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<SecretStore> {
  refuseUnknownOptions("openStore()", options, ["env", "clock", "signal"])
  const { env = process.env, clock, signal = new AbortController().signal } = options
  const ask = askOnce({ clock: clock ?? systemClock, callTimeout: PATIENCE }, signal)
  return await open(url, { env, clock, ask, asked: "all", called: ARGUMENT })
}

/**
 * Opens a store by URL and puts {@link Secrets} in front of it. `close()` at shutdown closes both.
 *
 * A file that cannot be read at first is asked for again within `startupDeadline`. A service is not asked whether it is
 * there: the first `get()` says that as well, and a program that starts waits for one answer instead of two.
 *
 * @param url see {@link openStore}. Default: what is in `LATCHKEY_STORE`; if that is not set, or empty, the environment
 * over the file `.env`, which may be missing.
 * @throws SecretError as {@link openStore} does; `TIMEOUT` with `lastCode` when a file could not be read, or a Vault did
 * not say which engine it has, within `startupDeadline`; and `MISCONFIGURED` for options that {@link Secrets} refuses, before anything is read
 */
export async function openSecrets(url?: string, options: OpenSecretsOptions = {}): Promise<Secrets> {
  const { env = process.env, signal = new AbortController().signal, ...secretsOptions } = options
  const settings = settingsOf(secretsOptions)
  // Set to nothing counts as not set: that is what Compose makes of a variable that its own environment does not have.
  const fromVariable = env.LATCHKEY_STORE || undefined
  const ask = askUntilDeadline(settings, signal)
  const store = await open(url ?? fromVariable ?? DEFAULT_STORE, {
    env,
    clock: settings.clock,
    ask,
    asked: "local",
    called: url === undefined && fromVariable !== undefined ? "LATCHKEY_STORE" : ARGUMENT,
  })
  return new Secrets(store, secretsOptions)
}

/** Gives back what was opened in vain. That this fails, too, is not what the caller has to know. */
async function closeQuietly(...opened: readonly { close(): Promise<void> }[]): Promise<void> {
  await Promise.allSettled(opened.map(async one => await one.close()))
}

async function open(text: string, surroundings: Surroundings): Promise<SecretStore> {
  const url = parse(text, surroundings)
  refuseLogin(url)
  if (Object.hasOwn(SCHEMES, url.protocol)) {
    const openScheme = SCHEMES[url.protocol] as Open
    const store = await openScheme(url, surroundings)
    // Layers were asked one by one.
    const isAsked = surroundings.asked === "all" || store.capabilities.local
    return isAsked && url.protocol !== LAYERED ? await there(store, surroundings.ask) : store
  }
  refuseCredentials(url)
  const scheme = /^[a-z]{1,16}:$/.test(url.protocol) ? `the scheme "${url.protocol}"` : "a scheme"
  throw misconfigured(`${surroundings.called} has ${scheme}, which does not exist`, surroundings)
}

/** A store that is there. One that is not is given back. */
async function there(store: SecretStore, ask: Ask): Promise<SecretStore> {
  try {
    await ask(store.location, async signal => await store.ping({ signal }))
    return store
  } catch (thrown) {
    await closeQuietly(store)
    throw thrown
  }
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
    for (const one of urls) {
      layers.push(await open(one, { ...surroundings, called: "the URL of a layer" }))
    }
    return layered(layers, naming)
  } catch (thrown) {
    await closeQuietly(...layers)
    throw thrown
  }
}

function parse(text: string, surroundings: Surroundings): URL {
  const url = typeof text === "string" ? URL.parse(text) : null
  if (url !== null) return url
  throw misconfigured(`${surroundings.called} is ${text === "" ? "empty" : "not a URL"}`, surroundings)
}

/** Says what exists, and quotes as good as nothing: a URL that is wrong may be a credential in the wrong place. */
function misconfigured(message: string, { called }: Surroundings): SecretError {
  return new SecretError("MISCONFIGURED", {
    message,
    hint: `there are ${available()}; ${called} is one of them, as in dotenv:.env`,
  })
}

function available(): string {
  return Object.keys(SCHEMES).join(", ")
}
