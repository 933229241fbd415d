import type { AnyServer, ServerName, Servers } from "./types.ts"

type Environment = Readonly<Record<string, string | undefined>>

/** The variables in which the address of a server is given, and from which it is taken. */
interface InEnvironment<Server> {
  /** The variable that decides whether there is a server. */
  readonly variable: string
  read(address: string, environment: Environment): Server
  /** The reverse: what to export so that this server is found. */
  write(server: Server): Readonly<Record<string, string>>
  /** What else to export so that a program keeps its secrets there. Absent if that is no store. */
  store?(server: Server): Readonly<Record<string, string>>
}

const storeAt = (url: string) => ({ LATCHKEY_STORE: url })

const REGION = "eu-west-1"

function vaultLike<Name extends "vault" | "openbao">(
  name: Name,
  [address, token]: readonly [address: string, token: string],
): InEnvironment<Servers[Name]> {
  return {
    variable: address,
    read: (url, environment) => ({
      name,
      version: "unknown",
      url: url.replace(/\/+$/, ""),
      rootToken: environment[token] ?? "",
      unsealKey: undefined,
    }),
    write: server => ({ [address]: server.url, [token]: server.rootToken }),
    store: ({ url }) => storeAt(`vault://${new URL(url).host}/secret`),
  }
}

function awsLike<Name extends "localstack" | "moto">(
  name: Name,
  variable: string,
): InEnvironment<Servers[Name]> {
  return {
    variable,
    read: (url, environment) => ({
      name,
      version: "unknown",
      url: url.replace(/\/+$/, ""),
      region: REGION,
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? "test",
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? "test",
    }),
    write: server => ({ [variable]: server.url }),
    store: ({ url, region, accessKeyId, secretAccessKey }) => ({
      ...storeAt(`aws://${region}?endpoint=${url}`),
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    }),
  }
}

/** Per server: the variables that lead to it. */
const IN_ENVIRONMENT: { readonly [Name in ServerName]: InEnvironment<Servers[Name]> } = {
  vault: vaultLike("vault", ["VAULT_ADDR", "VAULT_TOKEN"]),
  // Not BAO_ADDR and BAO_TOKEN: in a shell that has both, programs that mean Vault would go to OpenBao with them.
  openbao: {
    ...vaultLike("openbao", ["LATCHKEY_OPENBAO_URL", "LATCHKEY_OPENBAO_TOKEN"]),
    store: ({ url, rootToken }) => ({
      ...storeAt(`vault://${new URL(url).host}/secret`),
      BAO_TOKEN: rootToken,
    }),
  },
  localstack: {
    ...awsLike("localstack", "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
    write: server => ({
      AWS_ENDPOINT_URL_SECRETS_MANAGER: server.url,
      AWS_REGION: server.region,
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    }),
    store: ({ region }) => storeAt(`aws://${region}`),
  },
  moto: awsLike("moto", "LATCHKEY_MOTO_URL"),
  postgres: {
    variable: "LATCHKEY_POSTGRES_URL",
    read: address => {
      const url = new URL(address)
      return {
        name: "postgres",
        version: "unknown",
        host: url.hostname,
        port: Number(url.port || 5432),
        user: decodeURIComponent(url.username),
        password: decodeURIComponent(url.password),
        database: url.pathname.slice(1) || "postgres",
      }
    },
    write: ({ user, password, host, port, database }) => ({
      LATCHKEY_POSTGRES_URL: `postgres://${[user, password].map(encodeURIComponent).join(":")}@${host}:${port}/${database}`,
    }),
  },
  toxiproxy: {
    variable: "LATCHKEY_TOXIPROXY_URL",
    read: url => ({ name: "toxiproxy", version: "unknown", url: url.replace(/\/+$/, "") }),
    write: server => ({ LATCHKEY_TOXIPROXY_URL: server.url }),
  },
  azure: {
    variable: "LATCHKEY_AZURE_URL",
    read: (url, environment) => ({
      name: "azure",
      version: "unknown",
      url: url.replace(/\/+$/, ""),
      ca: environment.LATCHKEY_AZURE_CA ?? "",
      token: environment.LATCHKEY_AZURE_TOKEN ?? "",
      caFile: environment.LATCHKEY_AZURE_CA_FILE ?? "",
      identity: {
        IDENTITY_ENDPOINT: environment.IDENTITY_ENDPOINT ?? "",
        IDENTITY_HEADER: environment.IDENTITY_HEADER ?? "",
      },
    }),
    write: ({ url, ca, caFile, token, identity }) => ({
      LATCHKEY_AZURE_URL: url,
      LATCHKEY_AZURE_CA: ca,
      LATCHKEY_AZURE_CA_FILE: caFile,
      LATCHKEY_AZURE_TOKEN: token,
      ...identity,
    }),
    store: ({ url, caFile }) =>
      storeAt(
        `azure://${new URL(url).host}?ca=${encodeURIComponent(caFile)}&disable-challenge-resource-verification=true`,
      ),
  },
  gcp: {
    variable: "LATCHKEY_GCP_ADDRESS",
    read: (address, environment) => ({
      name: "gcp",
      version: "unknown",
      address,
      project: environment.LATCHKEY_GCP_PROJECT ?? "latchkey",
    }),
    write: server => ({ LATCHKEY_GCP_ADDRESS: server.address, LATCHKEY_GCP_PROJECT: server.project }),
    store: ({ project, address }) => storeAt(`gcp://${project}?endpoint=${address}&insecure=true`),
  },
}

/** A server that the environment names. */
export interface Named {
  readonly server: AnyServer
  /** The variable that names it. */
  readonly variable: string
}

/**
 * The server that the environment names, or nothing. Tests write and delete, so one on another machine counts only
 * with `LATCHKEY_SERVERS_REMOTE=true`: a shell in which `VAULT_ADDR` leads to a server that matters is nothing rare.
 */
export function fromEnvironment(name: ServerName, environment: Environment): Named | undefined {
  const { variable, read } = IN_ENVIRONMENT[name]
  const address = environment[variable]
  if (!address) return undefined
  const server = read(address, environment)
  return environment.LATCHKEY_SERVERS_REMOTE === "true" || isHere(server) ? { server, variable } : undefined
}

/** What to export beside {@link variablesFor} so that a program keeps its secrets there; nothing if that is no store. */
export function storeVariablesFor(server: AnyServer): Readonly<Record<string, string>> {
  const entry = IN_ENVIRONMENT[server.name] as InEnvironment<AnyServer>
  return entry.store?.(server) ?? {}
}

/** Where a server is, in a form that can be compared and printed. */
export function addressOf(server: AnyServer): string {
  if ("url" in server) return server.url
  return "address" in server ? server.address : `${server.host}:${server.port}`
}

function isHere(server: AnyServer): boolean {
  const address = addressOf(server)
  const { hostname } = new URL(address.includes("://") ? address : `http://${address}`)
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

/** What to export so that programs find this server. */
export function variablesFor(server: AnyServer): Readonly<Record<string, string>> {
  const entry = IN_ENVIRONMENT[server.name] as InEnvironment<AnyServer>
  return entry.write(server)
}
