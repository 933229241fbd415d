import type { Certificate } from "../../../support/certificates.ts"

/** Where a replica finds a store, as JSON. */
export type Address = DotenvAddress | VaultAddress | AwsAddress | AzureAddress | GcpAddress

/** A `.env`. */
export interface DotenvAddress {
  readonly kind: "dotenv"
  readonly path: string
}

/** A mount of Vault or OpenBao. */
export interface VaultAddress {
  readonly kind: "vault"
  readonly url: string
  readonly mount: string
  readonly token: string
}

/** A server that answers as AWS Secrets Manager does. */
export interface AwsAddress {
  readonly kind: "aws"
  readonly url: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** The stand-in for Azure Key Vault, and the `.env` beside which the journals are. */
export interface AzureAddress {
  readonly kind: "azure"
  readonly url: string
  readonly ca: string
  readonly token: string
  readonly journals: string
  /** What a replica's own wire to the vault shows. */
  readonly certificate: Certificate
}

/** The stand-in for Google Secret Manager. */
export interface GcpAddress {
  readonly kind: "gcp"
  readonly host: string
  readonly port: number
  readonly project: string
  /** What consumers read. Absent: the newest version. */
  readonly alias?: string
}
