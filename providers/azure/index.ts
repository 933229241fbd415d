export { azure } from "./azure.ts"
export type {
  AzureCredential,
  AzureToken,
  KeyVaultAnswer,
  KeyVaultCallOptions,
  KeyVaultClient,
  KeyVaultProperties,
  KeyVaultSecret,
  TokenRequest,
} from "./client-types.ts"
export { type AzureOptions, fromUrl } from "./options.ts"
export type { AzureCloud } from "./places.ts"
