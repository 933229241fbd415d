import type { AzureCredential, AzureToken, TokenRequest } from "./client-types.ts"
import { fieldsOf } from "./foreign.ts"

/** The part of `ManagedIdentityApplication` of `@azure/msal-node` that is used here. */
interface Application {
  acquireToken(request: { readonly resource: string; readonly forceRefresh: boolean }): Promise<unknown>
}

/** A credential of a managed identity, alone or in a chain. */
interface ManagedIdentity extends AzureCredential {
  readonly managedIdentityApp: Application
}

/**
 * Has the token of a managed identity renewed that was refused and is given again all the same: Microsoft's library keeps
 * those tokens for the whole process until shortly before their end, whichever credential asks, and no option of a
 * credential says otherwise. What is asked here does: it is public in the library below, and reached through a field that
 * is not, so without that field nothing is done.
 *
 * @returns whether there is another token now.
 */
export async function renewManagedIdentity(
  credential: AzureCredential,
  refused: AzureToken,
  scopes: string | string[],
  request: TokenRequest,
): Promise<boolean> {
  const resource = String(scopes).replace(/\/\.default$/, "")
  for (const identity of identitiesIn(credential)) {
    try {
      // A token of somebody else's, of a command line for example, is not for a managed identity to renew.
      const own = await identity.getToken(scopes, request)
      if (own?.token !== refused.token) continue
      await identity.managedIdentityApp.acquireToken({ resource, forceRefresh: true })
      return true
    } catch {
      // There is no managed identity here, or it cannot be asked now: the token stays refused, and that is what is said.
    }
  }
  return false
}

function identitiesIn(credential: unknown): readonly ManagedIdentity[] {
  const { managedIdentityApp, _sources: sources } = fieldsOf(credential)
  if (Array.isArray(sources)) return sources.flatMap(identitiesIn)
  return typeof fieldsOf(managedIdentityApp).acquireToken === "function"
    ? [credential as ManagedIdentity]
    : []
}
