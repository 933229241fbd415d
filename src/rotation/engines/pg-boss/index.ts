export type {
  PgBossClient,
  PgBossJob,
  PgBossQueueOptions,
  PgBossSendOptions,
} from "./client.ts"
export type { PgBossOptions } from "./options.ts"
export type { LookReport, PgBossRotation, QueuedRotator } from "./rotate-with-pg-boss.ts"
export { rotateWithPgBoss } from "./rotate-with-pg-boss.ts"
