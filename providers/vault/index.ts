export type {
  AppRoleAuth,
  CertificateAuth,
  Credential,
  JwtAuth,
  KubernetesAuth,
  TokenAuth,
  TokenFileAuth,
  UserpassAuth,
  VaultAuth,
} from "./login/index.ts"
export type { OpenVaultOptions, ServerOptions, VaultOptions } from "./options.ts"
export type { Pem, TlsOptions } from "./tls.ts"
export type { VaultAnswer, VaultRequest, VaultTransport } from "./transport.ts"
export { fromUrl } from "./url.ts"
export {
  openingVault,
  openVault,
  type VaultKv1Store,
  type VaultKv2Store,
  type VaultOpening,
  vault,
  vaultLeases,
} from "./vault.ts"
