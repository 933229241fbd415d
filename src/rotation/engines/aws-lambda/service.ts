import type { CallOptions, SecretStore } from "../../../core/index.ts"

/** A secret that the service rotates, as its rotation function finds it. */
export interface ManagedSecret {
  /** What it is called here; `undefined` if it is out of reach. */
  readonly name: string | undefined
  /** What the service calls it. */
  readonly ownName: string
  /** Where the service has it: safe to print, and the same for everybody. */
  readonly place: string
  /** The labels of the version that was asked for; none if there is no such version. */
  readonly labels: readonly string[]
}

/** What the engine needs of AWS Secrets Manager, beside a store: `awsManagedRotation()` of `latchkey/aws` is it. */
export interface ManagedRotation {
  readonly location: string
  /** The secrets, with a ledger whose candidate is the version that the service has begun. */
  store(rotationToken?: string): SecretStore & Required<Pick<SecretStore, "rotation">>
  look(secretId: string, options: CallOptions & { readonly token: string }): Promise<ManagedSecret>
  /** Takes AWSPENDING off a version. Harmless if it is not there. */
  finish(ownName: string, options: CallOptions & { readonly token: string }): Promise<void>
  /** The id of a rotation that the service has begun, and the token in such an id. */
  rotationId(token: string, claimSeq: number, attempt: number): string
  tokenOf(rotationId: string): string | undefined
  close(): Promise<void>
}
