import { running, type ServerName } from "../../servers/index.ts"
import type { Arena } from "./stores/arena.ts"
import { awsArena } from "./stores/aws.ts"
import { azureArena } from "./stores/azure.ts"
import { dotenvArena } from "./stores/dotenv.ts"
import { gcpArena } from "./stores/gcp.ts"
import { vaultArena } from "./stores/vault.ts"

/** A store on which replicas race. */
export interface Column {
  /** As the page calls it. */
  readonly title: string
  /** The server that it needs beside this process. */
  readonly server?: ServerName
  /** Makes a secret there, and starts a server where one is needed. @param report told what goes on meanwhile. */
  open(report?: (doing: string) => void): Promise<Arena>
}

/** The stores by their names on the command line. */
export const COLUMNS = {
  dotenv: { title: "`.env`", open: dotenvArena },
  vault: {
    title: "Vault",
    server: "vault",
    open: async report => await vaultArena(await running("vault", report)),
  },
  openbao: {
    title: "OpenBao",
    server: "openbao",
    open: async report => await vaultArena(await running("openbao", report)),
  },
  localstack: {
    title: "AWS (LocalStack)",
    server: "localstack",
    open: async report => await awsArena(await running("localstack", report)),
  },
  moto: {
    title: "AWS (moto)",
    server: "moto",
    open: async report => await awsArena(await running("moto", report)),
  },
  azure: { title: "Azure (stand-in)", open: azureArena },
  "gcp-alias": { title: "GCP, an alias (stand-in)", open: async () => await gcpArena("current") },
  "gcp-latest": { title: "GCP, the newest (stand-in)", open: async () => await gcpArena() },
} as const satisfies Readonly<Record<string, Column>>

export type ColumnName = keyof typeof COLUMNS

export const COLUMN_NAMES = Object.keys(COLUMNS) as readonly ColumnName[]

/** The plans that are raced with. */
export const RACED = ["minted", "generated"] as const

export type Raced = (typeof RACED)[number]
