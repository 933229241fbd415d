import type { Permission } from "../../../src/core/index.ts"
import { placesOf } from "./places.ts"

/** One rule of a policy: what must be permitted at a path of the server's API. */
export interface Rule {
  readonly path: string
  readonly capabilities: readonly string[]
  /** Those of them without which a rotation goes on. Default: none. */
  readonly dispensable?: readonly string[]
  readonly why: string
}

/** What the rotation of one secret needs of a policy, path by path. */
function rulesFor(mount: string, name: string): readonly Rule[] {
  const { folder } = placesOf(name)
  return [
    {
      path: `${mount}/data/${name}`,
      capabilities: ["create", "read", "update"],
      why: "reads the secret, and makes the candidate its current version",
    },
    {
      path: `${mount}/data/${folder}/*`,
      capabilities: ["create", "read", "update"],
      why: "the journal, the candidate, and copies of former values",
    },
    {
      path: `${mount}/metadata/${folder}/*`,
      capabilities: ["create", "update", "list", "delete"],
      dispensable: ["create", "update"],
      why: "removes candidates and copies for good, and keeps only a few versions of the journal",
    },
    {
      path: `${mount}/metadata/${name}`,
      capabilities: ["read"],
      dispensable: ["read"],
      why: "whether the former version stays, and whether the secret was made anew; without it the former value is copied",
    },
    {
      path: `${mount}/config`,
      capabilities: ["read"],
      dispensable: ["read"],
      why: "whether the mount keeps former versions, and for how long; without it the former value is copied",
    },
    {
      path: `${mount}/undelete/${folder}/*`,
      capabilities: ["update"],
      dispensable: ["update"],
      why: "keeps the journal alive; only where the mount deletes versions by age",
    },
  ]
}

/** What is to be permitted at a path. */
export type Demand = Pick<Rule, "path" | "capabilities">

/** What no rotation of this secret can do without. */
export function demandsFor(
  mount: string,
  name: string,
  { exists, forgets }: { readonly exists: boolean; readonly forgets: boolean },
): readonly Demand[] {
  return rulesFor(mount, name)
    .map(({ path, capabilities, dispensable = [] }) => {
      if (forgets && path.startsWith(`${mount}/undelete/`)) return { path, capabilities }
      const isThere = exists && path === `${mount}/data/${name}`
      const without = isThere ? ["create"] : dispensable
      return { path, capabilities: capabilities.filter(one => !without.includes(one)) }
    })
    .filter(({ capabilities }) => capabilities.length > 0)
}

/** All rules, as they are shown to people. */
export function permissionsFor(mount: string, name: string): readonly Permission[] {
  return rulesFor(mount, name).map(({ path, capabilities, why }) => ({
    action: capabilities.join(", "),
    on: path,
    why,
  }))
}

/** A demand as it stands in a policy. */
export function asPolicy({ path, capabilities }: Demand): string {
  return `path "${path}" { capabilities = [${capabilities.map(one => `"${one}"`).join(", ")}] }`
}
