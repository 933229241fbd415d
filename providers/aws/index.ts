export { aws } from "./aws.ts"
export type { SecretsManagerLike } from "./client.ts"
export type { AwsCredentials, AwsOptions, AwsStageOptions } from "./options.ts"
export { fromUrl } from "./options.ts"
