import { awsColumn } from "./backends/aws.ts"
import { azureColumn } from "./backends/azure.ts"
import { gcpColumn } from "./backends/gcp.ts"
import { vaultColumn } from "./backends/vault.ts"

/** The matrix: what each backend does on each bad day. The tests run it, and the page is written from it. */
export const COLUMNS = {
  aws: awsColumn,
  azure: azureColumn,
  gcp: gcpColumn,
  vault: vaultColumn,
} as const
