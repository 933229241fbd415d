export { letGo, running } from "./running.ts"
export {
  type AnyServer,
  type AwsServer,
  type AzureServer,
  type GcpServer,
  isServerName,
  type PostgresServer,
  SERVER_NAMES,
  type ServerName,
  type Servers,
  ServerUnavailable,
  type ToxiproxyServer,
  type VaultServer,
} from "./types.ts"
