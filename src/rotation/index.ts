export type { RotationSettings } from "./data.ts"
export { configuredRotation, rotationFromData } from "./data.ts"
export type { CommandInput, Rotations, RotationsConfig } from "./define-rotations.ts"
export { checkRotations, defineRotations } from "./define-rotations.ts"
export type {
  LookReport,
  PgBossClient,
  PgBossJob,
  PgBossOptions,
  PgBossQueueOptions,
  PgBossRotation,
  PgBossSendOptions,
  QueuedRotator,
} from "./engines/pg-boss/index.ts"
export { rotateWithPgBoss } from "./engines/pg-boss/index.ts"
export type { RotationEvent, RotationListener, RotationStep } from "./events.ts"
export type {
  JournalInOptions,
  RotatedStore,
  SqlClient,
  SqlJournal,
  SqlJournalOptions,
} from "./journals/index.ts"
export { journalIn, sqlJournal, sqlJournalTable } from "./journals/index.ts"
export type {
  FindOptions,
  Keyring,
  KeyringKey,
  KeyringKeyOptions,
  KeyringOptions,
} from "./keyring/index.ts"
export { keyring, keyringKey, withoutOldKeys } from "./keyring/index.ts"
export type {
  CronSchedule,
  IntervalSchedule,
  ResumeOptions,
  RotateOptions,
  Rotation,
  RotationSchedule,
  RotatorCallOptions,
  RotatorOptions,
  TickOptions,
} from "./options.ts"
export type {
  ApplyContext,
  AwaitsContext,
  Consumers,
  Credential,
  GeneratedPlan,
  ListedCredential,
  MakeContext,
  MintedPlan,
  OldCredential,
  RotationPlan,
  StepContext,
  StepDeadlines,
  Verdict,
} from "./plan.ts"
export type {
  AskInput,
  AssistedInput,
  AssistedOptions,
  AwsAccessKeyOptions,
  AwsKeyCheck,
  FileInput,
  GeneratedKeyOptions,
  IamClient,
  KeyEncoding,
  KeyForm,
  OnePostgresUser,
  PostgresClient,
  PostgresConnect,
  PostgresConnection,
  PostgresFormat,
  PostgresLogin,
  PostgresPasswordOptions,
  PostgresResult,
  ReadyPlanOptions,
  StreamInput,
  TallyFetch,
  TallyResponse,
  TallyTokenOptions,
  TwoPostgresUsers,
  VaultApi,
  VaultApiAnswer,
  VaultApiOptions,
  VaultApiRequest,
  VaultAppRoleSecretIdOptions,
  VaultFetch,
  VaultTokenSource,
} from "./plans/index.ts"
export {
  assisted,
  awsAccessKey,
  generatedKey,
  postgresPassword,
  tallyToken,
  vaultAppRoleSecretId,
} from "./plans/index.ts"
export type { Notice as RotationNotice } from "./protocol/steps.ts"
export { Rotator } from "./rotator.ts"
export type {
  DryRun,
  DryRunCheck,
  Happened,
  RotationOutcome,
  RotationProblem,
  RotationReport,
  RotationStatus,
  RotatorHealth,
} from "./status/report.ts"
