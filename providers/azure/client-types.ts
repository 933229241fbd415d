/** What the SDK takes beside the arguments of a call. */
export interface KeyVaultCallOptions {
  readonly abortSignal?: AbortSignal
  /** Called with each answer, before the SDK makes anything of it. */
  readonly onResponse?: (answer: KeyVaultAnswer) => void
}

/** What is looked at of an answer. */
export interface KeyVaultAnswer {
  readonly status: number
  readonly headers: { get(name: string): string | undefined }
  readonly parsedBody?: unknown
}

/** What Key Vault says of a secret or of a version beside its value. */
export interface KeyVaultProperties {
  readonly name: string
  readonly version?: string | undefined
  readonly enabled?: boolean | undefined
  readonly createdOn?: Date | undefined
  readonly expiresOn?: Date | undefined
  /** Whether it belongs to a certificate. */
  readonly managed?: boolean | undefined
  readonly contentType?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
}

/** A secret as the SDK gives it. */
export interface KeyVaultSecret {
  readonly name: string
  readonly value?: string | undefined
  readonly properties: KeyVaultProperties
}

/** The part of `SecretClient` of `@azure/keyvault-secrets` that is used here; instances of it fit. */
export interface KeyVaultClient {
  readonly vaultUrl: string
  getSecret(
    name: string,
    options: KeyVaultCallOptions & { readonly version?: string },
  ): Promise<KeyVaultSecret>
  setSecret(
    name: string,
    value: string,
    options: KeyVaultCallOptions & {
      readonly expiresOn?: Date
      readonly contentType?: string
      readonly tags?: Record<string, string>
    },
  ): Promise<KeyVaultSecret>
  /** Changes what stands beside the value of a version, in place. */
  updateSecretProperties(
    name: string,
    version: string,
    options: KeyVaultCallOptions & { readonly enabled?: boolean },
  ): Promise<unknown>
  beginDeleteSecret(name: string, options: KeyVaultCallOptions): Promise<unknown>
  getDeletedSecret(name: string, options: KeyVaultCallOptions): Promise<unknown>
  purgeDeletedSecret(name: string, options: KeyVaultCallOptions): Promise<void>
  listPropertiesOfSecrets(options: KeyVaultCallOptions): AsyncIterable<KeyVaultProperties>
  listPropertiesOfSecretVersions(
    name: string,
    options: KeyVaultCallOptions,
  ): AsyncIterable<KeyVaultProperties>
}

/** What a credential is asked with. */
export interface TokenRequest {
  readonly abortSignal?: AbortSignal
  /** The tenant that the vault's challenge names. */
  readonly tenantId?: string
  /** What the token must say, where the vault asks for that. */
  readonly claims?: string
  readonly enableCae?: boolean
}

/** A token as credentials give it. Times are in milliseconds since 1970. */
export interface AzureToken {
  readonly token: string
  readonly expiresOnTimestamp: number
  /** When a new one should be had, if the issuer says so. */
  readonly refreshAfterTimestamp?: number
}

/** What gives out tokens: every credential of `@azure/identity` fits. */
export interface AzureCredential {
  getToken(scopes: string | string[], options?: TokenRequest): Promise<AzureToken | null>
}
