export type { RotationEvent, RotationListener, RotationStep } from "./events.ts"
export type {
  FindOptions,
  Keyring,
  KeyringKey,
  KeyringKeyOptions,
  KeyringOptions,
} from "./keyring/index.ts"
export { keyring, keyringKey } from "./keyring/index.ts"
export type {
  CronSchedule,
  IntervalSchedule,
  ResumeOptions,
  RotateOptions,
  Rotation,
  RotationSchedule,
  RotatorCallOptions,
  RotatorOptions,
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
