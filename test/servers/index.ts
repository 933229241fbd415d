export { type OwnVault, type OwnVaultOptions, ownVault } from "./own-vault.ts"
export { letGo, running } from "./running.ts"
export { type ProxyTo, proxyTo } from "./toxiproxy.ts"
export {
  type AnyServer,
  type AwsServer,
  type AzureServer,
  type GcpServer,
  type PostgresServer,
  type ServerName,
  type Servers,
  ServerUnavailable,
  type ToxiproxyServer,
  type VaultServer,
} from "./types.ts"
