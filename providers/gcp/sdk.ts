/**
 * The part of the SDK that is used, described by its structure: whoever has no SDK of Google's type-checks all the same,
 * and a client of one's own making can be handed over. An instance of the `SecretManagerServiceClient` of
 * `@google-cloud/secret-manager` fits.
 */
export interface GcpClient {
  accessSecretVersion(request: { name: string }, options: GcpCallOptions): Promise<GcpAnswer<GcpAccess>>
  addSecretVersion(
    request: { parent: string; payload: { data: Uint8Array; dataCrc32c: number } },
    options: GcpCallOptions,
  ): Promise<GcpAnswer<GcpVersion>>
  createSecret(
    request: { parent: string; secretId: string; secret: GcpNewSecret },
    options: GcpCallOptions,
  ): Promise<GcpAnswer<GcpSecret>>
  getSecret(request: { name: string }, options: GcpCallOptions): Promise<GcpAnswer<GcpSecret>>
  updateSecret(
    request: {
      secret: {
        name: string
        etag: string
        versionAliases?: Record<string, number | string>
        annotations?: Record<string, string>
      }
      updateMask: { paths: string[] }
    },
    options: GcpCallOptions,
  ): Promise<GcpAnswer<GcpSecret>>
  deleteSecret(request: { name: string }, options: GcpCallOptions): Promise<GcpAnswer<unknown>>
  getSecretVersion(request: { name: string }, options: GcpCallOptions): Promise<GcpAnswer<GcpVersion>>
  destroySecretVersion(request: { name: string }, options: GcpCallOptions): Promise<GcpAnswer<GcpVersion>>
  listSecrets(
    request: { parent: string; pageSize: number; pageToken: string; filter: string },
    options: GcpCallOptions,
  ): Promise<GcpPage<GcpSecret>>
  listSecretVersions(
    request: { parent: string; pageSize: number; pageToken: string },
    options: GcpCallOptions,
  ): Promise<GcpPage<GcpVersion>>
}

/** What is said to the SDK with every call. */
export interface GcpCallOptions {
  /** The SDK's own retries are off: `Secrets` retries. */
  retry: null
  /** Milliseconds after which the SDK gives up by itself, should nobody end the call. */
  timeout: number
  /** Pages are asked for one by one. */
  autoPaginate: false
  /** Ends the call. */
  signal: AbortSignal
}

/** What a call resolves to: the answer, and what the SDK puts beside it. */
export type GcpAnswer<T> = readonly [answer: T, ...beside: readonly unknown[]]

/** What a call for a page resolves to: what is listed, and behind it the answer as it came. */
export type GcpPage<T> = readonly [
  items: readonly T[],
  next: unknown,
  answer?: { readonly nextPageToken?: string | null } | null,
]

/** A version with its value. */
export interface GcpAccess {
  readonly name?: string | null
  readonly payload?: { readonly data?: Uint8Array | string | null; readonly dataCrc32c?: unknown } | null
}

/** A version without its value. */
export interface GcpVersion {
  readonly name?: string | null
  readonly state?: unknown
  readonly createTime?: GcpTime | null
  /** When it will be destroyed, where the secret delays that. */
  readonly scheduledDestroyTime?: GcpTime | null
}

/** A secret: what holds versions. */
export interface GcpSecret {
  readonly name?: string | null
  readonly etag?: string | null
  readonly createTime?: GcpTime | null
  readonly expireTime?: GcpTime | null
  readonly labels?: { readonly [label: string]: string } | null
  /** The numbers of versions by their aliases. */
  readonly versionAliases?: { readonly [alias: string]: unknown } | null
  /** What tools of its owner write down about it. */
  readonly annotations?: { readonly [key: string]: string } | null
  /** What sort of secret it is, where Google writes its versions itself. */
  readonly secretType?: unknown
}

/** A secret that is to be made. */
export interface GcpNewSecret {
  /** Where its values are kept; a regional one says it by its name. */
  replication?:
    | { automatic: GcpEncryption }
    | { userManaged: { replicas: (GcpEncryption & { location: string })[] } }
  /** Of a regional one. */
  customerManagedEncryption?: { kmsKeyName: string }
  labels?: { [label: string]: string }
  annotations?: { [key: string]: string }
}

/** With which key of the user's own values are encrypted, if with one. */
export interface GcpEncryption {
  customerManagedEncryption?: { kmsKeyName: string }
}

/** A time of the service's; the seconds since 1970 come as text or as a number object. */
export interface GcpTime {
  readonly seconds?: unknown
  readonly nanos?: unknown
}

/** Who asks: any client of `google-auth-library` fits. */
export interface GcpAuthClient {
  getRequestHeaders(url?: string | URL): Promise<unknown>
}

/** A time as a date, if there is one. */
export function dateOf(time: GcpTime | null | undefined): Date | undefined {
  if (!time) return undefined
  const date = new Date(Number(time.seconds ?? 0) * 1_000 + Math.floor(Number(time.nanos ?? 0) / 1_000_000))
  return Number.isNaN(date.getTime()) ? undefined : date
}
