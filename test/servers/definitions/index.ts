import type { ServerName } from "../types.ts"
import { localstack, moto } from "./aws.ts"
import type { Definition } from "./definition.ts"
import { postgres } from "./postgres.ts"
import { azure, gcp } from "./stand-ins.ts"
import { toxiproxy } from "./toxiproxy.ts"
import { openbao, vault } from "./vault.ts"

export type { Definition, Health, Launch, Place } from "./definition.ts"

/** How to come by each of the servers. */
export type Definitions = { readonly [Name in ServerName]: Definition<Name> }

/** The servers of this project. */
export const definitions: Definitions = { vault, openbao, localstack, moto, postgres, toxiproxy, azure, gcp }
