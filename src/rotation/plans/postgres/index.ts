export type {
  PostgresClient,
  PostgresConnect,
  PostgresConnection,
  PostgresLogin,
  PostgresResult,
} from "./clients.ts"
export type { OnePostgresUser, PostgresPasswordOptions, TwoPostgresUsers } from "./password.ts"
export { postgresPassword } from "./password.ts"
export type { PostgresFormat } from "./stored-login.ts"
