import {
  type Clock,
  isPortableName,
  misconfigured,
  type NameOptions,
  refuseUnknownOptions,
  systemClock,
} from "../../src/core/index.ts"
import { checkAuth } from "./check-auth.ts"
import type { VaultAuth } from "./login/index.ts"
import { isPath } from "./names.ts"
import { isLoopback } from "./proxy.ts"
import type { TlsOptions } from "./tls.ts"
import type { VaultTransport } from "./transport.ts"

/** What can be set about a server, whatever is kept there. */
export interface ServerOptions extends NameOptions {
  /** Where the server is: `"https://vault.example.com:8200"`, or behind a path: `"https://example.com/vault"`. */
  readonly address: string
  /** Where the engine is, which may be several segments. Default: `"secret"`. */
  readonly mount?: string | undefined
  /** The namespace in which the mount is. Default: the root. */
  readonly namespace?: string | undefined
  /** The namespace in which the login is, if it is another one. Default: `namespace`. */
  readonly loginNamespace?: string | undefined
  /** How the store shows the server who it is. */
  readonly auth: VaultAuth
  readonly tls?: TlsOptions | undefined
  /** The proxy on the way to the server: `"http://proxy:3128"`. Default: none. */
  readonly proxy?: string | undefined
  /** In place of this library's own HTTP; `tls` and `proxy` are then its business. It is closed with the store. */
  readonly transport?: VaultTransport | undefined
  /** Tells when tokens and leases are to be prolonged. Default: the clock of the machine. */
  readonly clock?: Clock | undefined
}

/** What can be set about secrets in Vault or OpenBao. */
export interface VaultOptions extends ServerOptions {
  /** The version of the key-value engine at the mount. `openStore()` can ask the server. */
  readonly kv: 1 | 2
}

/** The same, where the server may be asked. */
export interface OpenVaultOptions extends ServerOptions {
  /** Default: the server is asked. */
  readonly kv?: 1 | 2 | undefined
  /** Whether the engine at the mount makes credentials with a lease, instead of keeping values. Default: false. */
  readonly leases?: boolean | undefined
}

/** The same, complete. */
export interface CheckedOptions {
  readonly address: URL
  readonly mount: string
  readonly namespace: string | undefined
  readonly loginNamespace: string | undefined
  readonly auth: VaultAuth
  readonly tls: TlsOptions
  readonly proxy: string | undefined
  readonly transport: VaultTransport | undefined
  readonly clock: Clock
  readonly naming: NameOptions
}

const SERVER_OPTIONS = [
  "address",
  "mount",
  "namespace",
  "loginNamespace",
  "auth",
  "tls",
  "proxy",
  "transport",
  "clock",
  "prefix",
  "rename",
]

const TLS_OPTIONS = ["ca", "cert", "key", "serverName", "skipVerify"]

/**
 * @param of what was called, for messages
 * @param more the options that it has beside those of every server
 * @throws SecretError `MISCONFIGURED` for an option that does not exist or has no value that can be meant; without
 * quoting any
 */
export function checkOptions(of: string, options: ServerOptions, more: readonly string[]): CheckedOptions {
  refuseUnknownOptions(of, options, [...more, ...SERVER_OPTIONS])
  const { mount = "secret", auth, tls = {}, proxy, transport, clock = systemClock, prefix, rename } = options
  if (!isPathText(mount))
    throw misconfigured("mount is no path", 'it is as vault secrets list has it: "secret"')
  refuseUnknownOptions("tls", tls, TLS_OPTIONS)
  if ((tls.cert === undefined) !== (tls.key === undefined))
    throw misconfigured(
      "tls has one of cert and key",
      "give both: a certificate is of no use without its key",
    )
  checkAuth(auth)
  if (auth.method === "cert" && transport === undefined && tls.cert === undefined)
    throw misconfigured("the login is by certificate, and there is none", "set tls.cert and tls.key")
  if (proxy !== undefined && !/^https?:$/.test(URL.parse(proxy)?.protocol ?? ""))
    throw misconfigured("proxy is no address", 'write it as in "http://proxy:3128"')
  if (transport !== undefined && typeof transport?.send !== "function")
    throw misconfigured("transport has no function send", "see VaultTransport")
  const namespace = namespaceOf("namespace", options.namespace)
  return {
    address: addressOf(options.address),
    mount: mount.replace(/\/$/, ""),
    namespace,
    loginNamespace:
      options.loginNamespace === undefined
        ? namespace
        : namespaceOf("loginNamespace", options.loginNamespace),
    auth,
    tls,
    proxy,
    transport,
    clock,
    naming: { prefix, rename },
  }
}

/** @throws SecretError `MISCONFIGURED` for a version that there is not */
export function checkKv(kv: unknown): 1 | 2 {
  if (kv === 1 || kv === 2) return kv
  throw misconfigured(
    "kv is neither 1 nor 2",
    "it is the version of the key-value engine: vault secrets list -detailed",
  )
}

/** The port of a server if none is named, as Vault and OpenBao come. */
export const DEFAULT_PORT = "8200"

/** Where a store is, as a URL that `fromUrl` reads back, and that is safe to print. */
export function locationOf(
  { address, mount, namespace, naming }: CheckedOptions,
  parameters: readonly string[],
): string {
  const isPlain = address.protocol === "http:"
  const port = address.port || (isPlain ? "80" : "443")
  const all = [
    ...parameters,
    ...(address.pathname === "/" ? [] : [`path=${written(pathOf(address))}`]),
    ...(namespace === undefined ? [] : [`namespace=${written(namespace)}`]),
    // One that is not portable is refused in a moment, and is not to be printed.
    ...(naming.prefix !== undefined && isPortableName(naming.prefix) ? [`prefix=${naming.prefix}`] : []),
    ...(isPlain === isLoopback(address.hostname) ? [] : [`tls=${!isPlain}`]),
  ]
  const query = all.length === 0 ? "" : `?${all.join("&")}`
  return `vault://${address.hostname}:${port}/${written(mount)}${query}`
}

function written(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/")
}

/** The path behind which the server is, decoded; empty if there is none that can be. */
function pathOf({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname.slice(1))
  } catch {
    return ""
  }
}

function addressOf(address: unknown): URL {
  const url = typeof address === "string" ? URL.parse(address) : null
  const hint =
    'write it as in "https://vault.example.com:8200"; what comes behind /v1/ is not part of it: the mount is an option'
  if (url === null || !/^https?:$/.test(url.protocol))
    throw misconfigured("address is no address of a server", hint)
  if (url.username !== "" || url.password !== "") throw misconfigured("address holds a credential", hint)
  if (url.search !== "" || url.hash !== "")
    throw misconfigured("address has more than a host, a port and a path", hint)
  url.pathname = url.pathname.replace(/\/$/, "")
  if (url.pathname !== "/" && (!isPath(pathOf(url)) || /\/v1$/.test(url.pathname)))
    throw misconfigured("address has a path that leads to no server", hint)
  return url
}

/** A namespace, without the slash at its end. The root is none. */
function namespaceOf(option: string, given: unknown): string | undefined {
  if (given === undefined || given === "" || given === "root" || given === "/") return undefined
  if (isPathText(given)) return given.replace(/\/$/, "")
  throw misconfigured(`${option} is no path`, 'write it as in "team-a/project"')
}

/** A path, which may end in a slash, and that a header can hold. */
function isPathText(given: unknown): given is string {
  return typeof given === "string" && isPath(given.replace(/\/$/, "")) && /^[\x20-\x7e]*$/.test(given)
}
