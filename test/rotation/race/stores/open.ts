import type { JournalKeeper, SecretStore } from "../../../../src/core/index.ts"
import type { Life } from "../../crash/life.ts"
import type { Address } from "./address.ts"

/** A store as one process has it, each of whose requests passes through that one's life. */
export interface Opened {
  readonly store: SecretStore
  /** Where journals are, for a store that keeps none. */
  readonly journals?: JournalKeeper
  close(): Promise<void>
}

/** What a process brings when it opens a store. */
export interface Opening {
  readonly life: Life
  /** The time that a server is to tell, in milliseconds since 1970. */
  readonly now: () => number
}

/** Opens the store at an address. What it is made of is loaded now, and nothing of the others. */
export async function open(address: Address, opening: Opening): Promise<Opened> {
  switch (address.kind) {
    case "dotenv":
      return (await import("./dotenv.ts")).openDotenv(address, opening)
    case "vault":
      return await (await import("./vault.ts")).openVault(address, opening)
    case "aws":
      return await (await import("./aws.ts")).openAws(address, opening)
    case "azure":
      return await (await import("./azure.ts")).openAzure(address, opening)
    case "gcp":
      return (await import("./gcp.ts")).openGcp(address, opening)
  }
}
