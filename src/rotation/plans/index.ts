export type { KeyEncoding, KeyForm } from "../random-key.ts"
export type { AskInput, AssistedInput, AssistedOptions, FileInput, StreamInput } from "./assisted/index.ts"
export { assisted } from "./assisted/index.ts"
export type { AwsAccessKeyOptions, AwsKeyCheck, IamClient } from "./aws-access-key/index.ts"
export { awsAccessKey } from "./aws-access-key/index.ts"
export type { GeneratedKeyOptions } from "./generated-key.ts"
export { generatedKey } from "./generated-key.ts"
export type { ReadyPlanOptions } from "./plan-options.ts"
export type {
  OnePostgresUser,
  PostgresClient,
  PostgresConnect,
  PostgresConnection,
  PostgresFormat,
  PostgresLogin,
  PostgresPasswordOptions,
  PostgresResult,
  TwoPostgresUsers,
} from "./postgres/index.ts"
export { postgresPassword } from "./postgres/index.ts"
export type { TallyFetch, TallyResponse, TallyTokenOptions } from "./tally-token.ts"
export { tallyToken } from "./tally-token.ts"
export type {
  VaultApi,
  VaultApiAnswer,
  VaultApiOptions,
  VaultApiRequest,
  VaultFetch,
  VaultTokenSource,
} from "./vault/index.ts"
export type { VaultAppRoleSecretIdOptions } from "./vault-approle-secret-id.ts"
export { vaultAppRoleSecretId } from "./vault-approle-secret-id.ts"
