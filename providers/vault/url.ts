import { readServiceUrl, SecretError, type ServiceUrl } from "../../src/core/index.ts"
import {
  addressOf,
  belonging,
  type Environment,
  proxyOf,
  tlsOf,
  variable,
  variableName,
} from "./environment.ts"
import type { Credential, VaultAuth } from "./login/index.ts"
import { TOKEN_FILE } from "./login/token-file.ts"
import { encoded, isPath } from "./names.ts"
import { DEFAULT_PORT, type OpenVaultOptions } from "./options.ts"
import type { TlsOptions } from "./tls.ts"

const PARAMETERS = [
  "kv",
  "leases",
  "namespace",
  "login-namespace",
  "auth",
  "auth-mount",
  "role",
  "role-id",
  "username",
  "token-file",
  "secret-id-file",
  "wrapped",
  "password-file",
  "jwt-file",
  "renew",
  "path",
  "tls",
  "ca-file",
  "cert-file",
  "key-file",
  "server-name",
]

/**
 * The options in a URL: `vault://127.0.0.1:8200/secret`, the host and port of the server and the mount of the engine;
 * `vault:///secret` is at `VAULT_ADDR`, and the mount is `secret` if none is named. Credentials are in variables of the
 * environment or in files, never in the URL. `docs/vault.md` has all parameters and variables.
 *
 * @throws SecretError `MISCONFIGURED` for a parameter that does not exist, or has no value that can be meant
 */
export function fromUrl(url: URL, environment: Environment): OpenVaultOptions {
  const parts = readServiceUrl(url, PARAMETERS)
  const host = hostIn(parts)
  const env = belonging(environment, host)
  const address = addressOf(env, { host, tls: parts.flag("tls"), path: pathIn(parts) })
  if (address === undefined) {
    const name = variableName(env, "ADDR")
    throw env[name]
      ? misconfigured(
          `names no server, and ${name} is no address: http:// or https:// is missing before it`,
          `set ${name}=https://vault.example.com:8200, with http:// for a server without TLS`,
        )
      : misconfigured(
          "names no server, and VAULT_ADDR is not set",
          "set VAULT_ADDR=https://vault.example.com:8200, or write vault://vault.example.com:8200/secret",
        )
  }
  const leases = parts.flag("leases")
  return {
    ...parts.naming,
    ...kvIn(parts),
    ...(leases !== undefined && { leases }),
    address,
    ...(parts.segments.length > 0 && { mount: parts.segments.join("/") }),
    namespace: parts.parameter("namespace") ?? variable(env, "NAMESPACE"),
    loginNamespace: parts.parameter("login-namespace"),
    auth: authIn(parts, env),
    tls: tlsIn(parts, env),
    proxy: proxyOf(env, new URL(address)),
  }
}

function hostIn({ host }: ServiceUrl): { hostname: string; port: string } | undefined {
  if (host === "") return undefined
  // Read as the host of a web address is, which knows cases and brackets; a port that it hides is written in the text.
  const web = URL.parse(`http://${host}`)
  if (web === null) throw misconfigured("has a host that is none", "write vault://127.0.0.1:8200/secret")
  return { hostname: web.hostname, port: /:(\d+)$/.exec(host)?.[1] ?? DEFAULT_PORT }
}

function pathIn(parts: ServiceUrl): string | undefined {
  const path = parts.parameter("path")
  if (path === undefined) return undefined
  if (isPath(path)) return `/${encoded(path)}`
  throw misconfigured("has a path= that is none", "write it as in path=team/vault")
}

function kvIn(parts: ServiceUrl): { kv?: 1 | 2 } {
  const kv = parts.parameter("kv")
  if (kv === undefined) return {}
  if (kv === "1" || kv === "2") return { kv: kv === "1" ? 1 : 2 }
  throw misconfigured("has a kv= that is neither 1 nor 2", "leave it out, and the server is asked")
}

function tlsIn(parts: ServiceUrl, env: Environment): TlsOptions {
  const given = tlsOf(env)
  const file = (name: string) => {
    const path = parts.parameter(name)
    return path === undefined ? undefined : { file: path }
  }
  return {
    ...given,
    ca: file("ca-file") ?? given.ca,
    cert: file("cert-file") ?? given.cert,
    key: file("key-file") ?? given.key,
    serverName: parts.parameter("server-name") ?? given.serverName,
  }
}

/** What belongs to a login and not to all of them, by the method that it belongs to. */
const OF_METHOD: Readonly<Record<string, readonly string[]>> = {
  token: ["renew"],
  "token-file": ["token-file"],
  approle: ["auth-mount", "role-id", "secret-id-file", "wrapped"],
  kubernetes: ["auth-mount", "role", "jwt-file"],
  jwt: ["auth-mount", "role", "jwt-file"],
  userpass: ["auth-mount", "username", "password-file"],
  cert: ["auth-mount", "role"],
}

function authIn(parts: ServiceUrl, env: Environment): VaultAuth {
  const { parameter } = parts
  const method = parameter("auth") ?? defaultMethod(parts, env)
  const isDefault = parameter("auth") === undefined && parameter("token-file") === undefined
  const own = OF_METHOD[method]
  if (own === undefined)
    throw misconfigured("has an auth= that does not exist", `there are ${Object.keys(OF_METHOD).join(", ")}`)
  const foreign = Object.values(OF_METHOD)
    .flat()
    .find(name => !own.includes(name) && parameter(name) !== undefined)
  if (foreign !== undefined)
    throw misconfigured(
      `has a ${foreign}=, which auth=${method} does not have`,
      "leave it out, or change auth=",
    )

  const mount = parameter("auth-mount")
  const role = parameter("role")
  const from = (name: string, file: string, or: string): Credential =>
    credential(parts, env, name, file) ?? missing(`${or} is not set`, `set it, or write ${file}=`)
  switch (method) {
    case "approle": {
      const secretId = credential(parts, env, "SECRET_ID", "secret-id-file")
      const roleId = parameter("role-id") ?? variable(env, "ROLE_ID")
      if (parts.flag("wrapped") === true && secretId === undefined)
        throw misconfigured(
          "says wrapped=true, and there is no secret id",
          "set VAULT_SECRET_ID to the wrapping token",
        )
      return {
        method,
        roleId: roleId ?? missing("VAULT_ROLE_ID is not set", "set it, or write role-id="),
        secretId: parts.flag("wrapped") && secretId !== undefined ? { wrapped: secretId } : secretId,
        mount,
      }
    }
    case "kubernetes":
      return {
        method,
        role: role ?? missing("names no role", "write role="),
        jwt: credential(parts, env, undefined, "jwt-file"),
        mount,
      }
    case "jwt":
      return { method, role, jwt: from("JWT", "jwt-file", "VAULT_JWT"), mount }
    case "userpass":
      return {
        method,
        username:
          parameter("username") ??
          variable(env, "USERNAME") ??
          missing("VAULT_USERNAME is not set", "set it, or write username="),
        password: from("PASSWORD", "password-file", "VAULT_PASSWORD"),
        mount,
      }
    case "cert":
      return { method, role, mount }
    case "token-file":
      return {
        method,
        file: parameter("token-file") ?? homeFile(env),
        // It was taken for want of the variable, unless somebody asked for it.
        ...(isDefault && { variable: "VAULT_TOKEN" }),
      }
    default: {
      const token =
        variable(env, "TOKEN") ?? missing("VAULT_TOKEN is not set", "set it, or write auth=token-file")
      return { method: "token", token, renew: parts.flag("renew"), variable: variableName(env, "TOKEN") }
    }
  }
}

/** As the command line does: the token of the environment, or the one that `vault login` keeps. */
function defaultMethod({ parameter }: ServiceUrl, env: Environment): string {
  if (parameter("token-file") !== undefined) return "token-file"
  return variable(env, "TOKEN") === undefined ? "token-file" : "token"
}

function credential(
  { parameter }: ServiceUrl,
  env: Environment,
  name: string | undefined,
  file: string,
): Credential | undefined {
  const path = parameter(file)
  if (path !== undefined) return { file: path }
  return name === undefined ? undefined : variable(env, name)
}

/** Where `vault login` keeps the token. */
function homeFile(env: Environment): string {
  const home = env.HOME || env.USERPROFILE
  if (home) return `${home}/${TOKEN_FILE}`
  return missing(
    "VAULT_TOKEN is not set, and there is no home folder",
    "set it, or write auth= or token-file=",
  )
}

function missing(message: string, hint: string): never {
  throw misconfigured(`says how to log in, and ${message}`, hint)
}

function misconfigured(message: string, hint: string): SecretError {
  return new SecretError("MISCONFIGURED", { message: `the URL of the store (vault:) ${message}`, hint })
}
