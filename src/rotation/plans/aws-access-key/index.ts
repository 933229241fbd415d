export type { AwsAccessKeyOptions, AwsKeyCheck } from "./access-key.ts"
export { awsAccessKey } from "./access-key.ts"
export type { IamClient } from "./iam.ts"
