export { afterConflict } from "./after-conflict.ts"
export { readAuthority, refuseNoCertificate } from "./authority.ts"
export type { Clock, Instant, Timer } from "./clock.ts"
export { elapsed, instant, systemClock } from "./clock.ts"
export { conceal } from "./conceal.ts"
export type { NativeLedger } from "./define-ledger.ts"
export type { DefinedStore, NativeOperations, StoreDefinition } from "./define-store.ts"
export { defineStore } from "./define-store.ts"
export type { Duration, DurationUnit } from "./duration.ts"
export { parseDuration } from "./duration.ts"
export { environmentNames, FILE_SUFFIX } from "./environment-names.ts"
export type { Variables } from "./environment-values.ts"
export { environmentSecrets, environmentValue, fileError } from "./environment-values.ts"
export type { SecretErrorCode, SecretErrorDetails } from "./error.ts"
export { isSecretError, misconfigured, printable, SecretError } from "./error.ts"
export { parseExactly } from "./exact-json.ts"
export { fieldOf } from "./field.ts"
export type { ErrorTable, FailureContext, KnownFailure } from "./foreign.ts"
export { aborted, atCaller, className, errorAbout, rebuild } from "./foreign.ts"
export { ON_ROTATE_OPTIONS, refuseNoFunction, refuseUnknownOptions, USE_OPTIONS } from "./known-options.ts"
export type { LedgerName } from "./ledger-names.ts"
export { LEDGER_NAMES, ledgerName } from "./ledger-names.ts"
export type { NameMap, NameOptions, NameRule } from "./name-map.ts"
export { nameMap } from "./name-map.ts"
export type { Reference } from "./names.ts"
export { isPortableName, PORTABLE_OR_OWN, PORTABLE_RULE, parseReference } from "./names.ts"
export type { NetworkHints } from "./network.ts"
export { isNetworkCode, networkFailure } from "./network.ts"
export { notInstalled } from "./not-installed.ts"
export type { OpenedOnce } from "./open-once.ts"
export { openOnce } from "./open-once.ts"
export { pause } from "./pause.ts"
export { PinnedValue } from "./pinned.ts"
export type { ValueLimits } from "./refusals.ts"
export { retryAfterOf } from "./retry-after.ts"
export type { BlockedReason, RotationJournal, RotationState } from "./rotation-journal.ts"
export { journalText, readJournal } from "./rotation-journal.ts"
export type {
  CurrentSecret,
  JournalKeeper,
  Kept,
  LoadedJournal,
  Permission,
  Promoted,
  PromotedBy,
  PromoteOptions,
  RotationLedger,
  VersionSince,
} from "./rotation-ledger.ts"
export type { Attempt, Change, OnRotateOptions, Pinned, SecretStatus, UseOptions } from "./secret.ts"
export { Secret } from "./secret.ts"
export type { ServiceNames } from "./service-names.ts"
export { doubleHyphenNames, pathNames } from "./service-names.ts"
export type { FileProblem, FileReading, SettledFiles } from "./settled-files.ts"
export { errorNumberName, SETTLING_TIME, settledFiles } from "./settled-files.ts"
export type { SharedWork, SharedWorkOptions } from "./shared-work.ts"
export { sharedWork } from "./shared-work.ts"
export type {
  CallOptions,
  ListOptions,
  OptionalOperation,
  ReadOptions,
  SecretInfo,
  SecretStore,
  SecretValue,
  StoreCapabilities,
  StoredSecret,
  StoreWith,
  Version,
  VersionInfo,
  WatchOptions,
  WriteOptions,
} from "./store.ts"
export type { ServiceUrl, StoreUrl } from "./store-url.ts"
export { decodeUrlPart, readServiceUrl, readStoreUrl, refuseCredentials, refuseLogin } from "./store-url.ts"
export { sameValue, valueOfBytes, valueOfFile } from "./text.ts"
export { untilAborted } from "./until-aborted.ts"
export { versionMaker } from "./version.ts"
