export type {
  VaultApi,
  VaultApiAnswer,
  VaultApiOptions,
  VaultApiRequest,
  VaultFetch,
  VaultTokenSource,
} from "./api.ts"
export { VAULT_API_OPTIONS, vaultApi } from "./api.ts"
export type { AppRole, NewSecretId, SecretIdInfo } from "./approle.ts"
export { appRole, policyFor, secretIdOf } from "./approle.ts"
