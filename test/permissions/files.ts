import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../scripts/project.ts"

/** What a file of docs/permissions holds, as it is pasted. @param file with its ending. */
export function permissionFile(file: string): string {
  return readFileSync(join(root, "docs/permissions", file), "utf8")
}

/** What a policy of AWS, a role of Azure or one of Google permits. */
export function permitted(file: string): readonly string[] {
  const { Statement, DataActions, includedPermissions } = JSON.parse(permissionFile(`${file}.json`)) as {
    readonly Statement?: readonly { readonly Action: readonly string[] }[]
    readonly DataActions?: readonly string[]
    readonly includedPermissions?: readonly string[]
  }
  const actions = Statement?.flatMap(({ Action }) => Action) ?? DataActions ?? includedPermissions ?? []
  return [...new Set(actions)]
}

/** What an access policy of Key Vault calls a data action of a role ("Azure role-based access control", Key Vault). */
export const ACCESS_POLICY = {
  "Microsoft.KeyVault/vaults/secrets/getSecret/action": "get",
  "Microsoft.KeyVault/vaults/secrets/readMetadata/action": "list",
  "Microsoft.KeyVault/vaults/secrets/setSecret/action": "set",
  "Microsoft.KeyVault/vaults/secrets/delete": "delete",
} as const satisfies Readonly<Record<string, string>>

/** The permission of an access policy that a data action stands for. */
export function accessPolicyOf(action: string): (typeof ACCESS_POLICY)[keyof typeof ACCESS_POLICY] {
  const found = ACCESS_POLICY[action as keyof typeof ACCESS_POLICY]
  if (found === undefined) throw new Error("no access policy has this")
  return found
}
