import { Refusal } from "./answers.ts"
import { TENANT } from "./challenge.ts"

/** What a caller may be allowed: the secret permissions of an access policy, each with its action in a role. */
export type Permission = keyof typeof ACTIONS

/** The data actions of roles ("Azure role-based access control", Key Vault documentation). */
const ACTIONS = {
  get: "Microsoft.KeyVault/vaults/secrets/getSecret/action",
  list: "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
  set: "Microsoft.KeyVault/vaults/secrets/setSecret/action",
  delete: "Microsoft.KeyVault/vaults/secrets/delete",
  recover: "Microsoft.KeyVault/vaults/secrets/recover/action",
  purge: "Microsoft.KeyVault/vaults/secrets/purge/action",
  backup: "Microsoft.KeyVault/vaults/secrets/backup/action",
  restore: "Microsoft.KeyVault/vaults/secrets/restore/action",
} as const

/** How a vault decides: by roles, or by access policies. The two word their refusals differently. */
export type Authorization = "rbac" | "access-policy"

/** Who may do what. */
export interface Permissions {
  /** Replaces what an identity may do. An identity that was never granted anything may do nothing. */
  grant(identity: string, ...permissions: Permission[]): void
  /** Takes permissions away again. */
  revoke(identity: string, ...permissions: Permission[]): void
  /** Takes everything about one name from everybody, whatever they were granted. */
  deny(name: string): void
  /** Ends {@link deny}. */
  allow(name: string): void
  /** @throws Refusal if an identity may not do this; `name` is left out for what is about all names. */
  check(identity: string, permission: Permission, name?: string): void
}

/** Everything that there is to permit. */
const ALL = Object.keys(ACTIONS) as readonly Permission[]

/** Makes permissions with two identities that most tests want: `owner` may do everything, `reader` reads and lists. */
export function permissions(authorization: Authorization): Permissions {
  const granted = new Map<string, ReadonlySet<Permission>>([
    ["owner", new Set(ALL)],
    ["reader", new Set<Permission>(["get", "list"])],
  ])
  const denied = new Set<string>()
  return {
    grant: (identity, ...more) => void granted.set(identity, new Set(more)),
    revoke(identity, ...less) {
      const left = new Set(granted.get(identity))
      for (const permission of less) left.delete(permission)
      granted.set(identity, left)
    },
    deny: name => void denied.add(name.toLowerCase()),
    allow: name => void denied.delete(name.toLowerCase()),
    check(identity, permission, name) {
      const allowed = granted.get(identity)?.has(permission) ?? false
      if (allowed && (name === undefined || !denied.has(name.toLowerCase()))) return
      throw authorization === "rbac"
        ? refusedByRole(identity, ACTIONS[permission], name)
        : refusedByPolicy(identity, permission)
    },
  }
}

const ISSUER = `iss=https://sts.windows.net/${TENANT}/`

function refusedByRole(identity: string, action: string, name: string | undefined): Refusal {
  const resource =
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/stand-in/providers/microsoft.keyvault" +
    `/vaults/stand-in${name === undefined ? "" : `/secrets/${name}`}`
  const lines = [
    "Caller is not authorized to perform action on resource.",
    "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
    `Caller: appid=${identity};oid=${identity};${ISSUER}`,
    `Action: '${action}'`,
    `Resource: '${resource}'`,
    "Assignment: (not found)",
    "DenyAssignmentId: null",
    "DecisionReason: 'DeniedWithNoValidRBAC' ",
    "Vault: stand-in;location=westeurope",
    "",
  ]
  return new Refusal(403, "Forbidden", lines.join("\r\n"), "ForbiddenByRbac")
}

function refusedByPolicy(identity: string, permission: Permission): Refusal {
  const text =
    `The user, group or application 'appid=${identity};oid=${identity};numgroups=2;${ISSUER}' does not have secrets ` +
    `${permission} permission on key vault 'stand-in;location=westeurope'. For help resolving this issue, please ` +
    "see https://go.microsoft.com/fwlink/?linkid=2125287"
  return new Refusal(403, "Forbidden", text, "AccessDenied")
}
