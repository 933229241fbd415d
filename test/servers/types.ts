/** HashiCorp Vault or OpenBao: the real core, with storage in memory. */
export interface VaultServer {
  readonly name: "vault" | "openbao"
  readonly version: string
  /** `http://127.0.0.1:8200`. */
  readonly url: string
  readonly rootToken: string
  /** Unknown if the server was named in the environment: whoever seals a server takes one of his own. */
  readonly unsealKey: string | undefined
}

/** A server that answers as AWS Secrets Manager does. */
export interface AwsServer {
  readonly name: "localstack" | "moto"
  readonly version: string
  readonly url: string
  readonly region: "eu-west-1"
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** A proxy between a client and a server that makes bad days; see `proxyTo`. */
export interface ToxiproxyServer {
  readonly name: "toxiproxy"
  readonly version: string
  /** Where proxies are made. */
  readonly url: string
}

/** A PostgreSQL server. */
export interface PostgresServer {
  readonly name: "postgres"
  readonly version: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** The project's stand-in for Azure Key Vault, as a process of its own. */
export interface AzureServer {
  readonly name: "azure"
  readonly version: string
  readonly url: string
  /** The authority of its certificate, as PEM. */
  readonly ca: string
  /** A bearer token that may do everything. */
  readonly token: string
  /** The path of a file with the same. */
  readonly caFile: string
  /** What stands in the environment of a program that may do everything, as Azure App Service puts it there. */
  readonly identity: Readonly<Record<"IDENTITY_ENDPOINT" | "IDENTITY_HEADER", string>>
}

/** The project's stand-in for Google Secret Manager, as a process of its own. */
export interface GcpServer {
  readonly name: "gcp"
  readonly version: string
  /** `127.0.0.1:50051`: gRPC without TLS. */
  readonly address: string
  readonly project: string
}

/** The servers by their names on the command line. */
export interface Servers {
  readonly vault: VaultServer
  readonly openbao: VaultServer
  readonly localstack: AwsServer
  readonly moto: AwsServer
  readonly postgres: PostgresServer
  readonly toxiproxy: ToxiproxyServer
  readonly azure: AzureServer
  readonly gcp: GcpServer
}

/** What a server is called. */
export type ServerName = keyof Servers

/** Any of the servers. */
export type AnyServer = Servers[ServerName]

/** All names, in the order in which they are listed. */
export const SERVER_NAMES: readonly ServerName[] = [
  "vault",
  "openbao",
  "localstack",
  "moto",
  "postgres",
  "toxiproxy",
  "azure",
  "gcp",
]

/** Whether a text is the name of a server. */
export function isServerName(text: string): text is ServerName {
  return (SERVER_NAMES as readonly string[]).includes(text)
}

/** How a server was come by. */
export type Found = "environment" | "docker" | "native"

/** A server that cannot be had here; the message says why, and what to do. */
export class ServerUnavailable extends Error {
  override readonly name = "ServerUnavailable"
  readonly server: ServerName
  /** The message without the name. */
  readonly reason: string

  constructor(server: ServerName, reason: string) {
    super(`${server} is not to be had: ${reason}`)
    this.server = server
    this.reason = reason
  }
}
