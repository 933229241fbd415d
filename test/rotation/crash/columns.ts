import { running } from "../../servers/index.ts"
import { awsBench } from "./benches/aws.ts"
import { azureBench } from "./benches/azure.ts"
import type { Bench } from "./benches/bench.ts"
import { dotenvBench } from "./benches/dotenv.ts"
import { gcpBench } from "./benches/gcp.ts"
import { vaultBench } from "./benches/vault.ts"

/** A store on which rotations are interrupted. */
export interface Column {
  /** As the page calls it. */
  readonly title: string
  /** Which of the model's stores it is like: how it promotes. */
  readonly promotes: "by a condition" | "without a condition" | "with its journal"
  /** Opens a bench, and starts a server for it where it needs one. @param report told what is going on meanwhile. */
  open(report?: (doing: string) => void): Promise<Bench>
}

/** The names of the stores on the command line. */
export const COLUMN_NAMES = ["dotenv", "vault", "localstack", "azure", "gcp-alias", "gcp-latest"] as const

export type ColumnName = (typeof COLUMN_NAMES)[number]

/** The stores. */
export const COLUMNS: Readonly<Record<ColumnName, Column>> = {
  dotenv: { title: "`.env`", promotes: "by a condition", open: async () => dotenvBench() },
  vault: {
    title: "Vault",
    promotes: "by a condition",
    open: async report => await vaultBench(await running("vault", report)),
  },
  localstack: {
    title: "AWS (LocalStack)",
    promotes: "by a condition",
    open: async report => awsBench(await running("localstack", report)),
  },
  azure: { title: "Azure (stand-in)", promotes: "without a condition", open: async () => await azureBench() },
  "gcp-alias": {
    title: "GCP, an alias (stand-in)",
    promotes: "with its journal",
    open: async () => await gcpBench("current"),
  },
  "gcp-latest": {
    title: "GCP, the newest (stand-in)",
    promotes: "without a condition",
    open: async () => await gcpBench(),
  },
}
