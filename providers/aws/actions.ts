/** A secret as `GetSecretValue` answers with it. */
export interface SecretAnswer {
  readonly ARN: string
  readonly Name: string
  readonly VersionId: string
  readonly SecretString: string
  readonly SecretBinary: Uint8Array
  readonly CreatedDate: Date
  readonly VersionStages: readonly string[]
}

/** What creates a version: the token that we choose becomes its id. */
interface NewVersion {
  readonly ClientRequestToken: string
  readonly SecretString?: string
  readonly SecretBinary?: Uint8Array
}

/**
 * The actions that are used, as much of each as is used ("AWS Secrets Manager API Reference"). Answers come over the
 * network, so nothing in them is relied on to be there.
 */
export interface Actions {
  readonly GetSecretValue: {
    readonly input: { readonly SecretId: string } & (
      | { readonly VersionId: string }
      | { readonly VersionStage: string }
    )
    readonly answer: SecretAnswer
  }
  readonly BatchGetSecretValue: {
    readonly input: { readonly SecretIdList: readonly string[]; readonly NextToken?: string }
    readonly answer: {
      readonly SecretValues: readonly Partial<SecretAnswer>[]
      readonly Errors: readonly {
        readonly SecretId?: string
        readonly ErrorCode?: string
        readonly Message?: string
      }[]
      readonly NextToken: string
    }
  }
  readonly CreateSecret: {
    readonly input: NewVersion & {
      readonly Name: string
      readonly KmsKeyId?: string
      readonly Tags?: readonly { readonly Key: string; readonly Value: string }[]
    }
    readonly answer: { readonly Name: string; readonly VersionId: string }
  }
  readonly PutSecretValue: {
    readonly input: NewVersion & {
      readonly SecretId: string
      readonly VersionStages?: readonly string[]
      /** Where the secret is of another account than the rotation function, whatever AWS gave it. */
      readonly RotationToken?: string
    }
    readonly answer: {
      readonly Name: string
      readonly VersionId: string
      readonly VersionStages: readonly string[]
    }
  }
  readonly UpdateSecretVersionStage: {
    readonly input: {
      readonly SecretId: string
      readonly VersionStage: string
      readonly MoveToVersionId?: string
      readonly RemoveFromVersionId: string
    }
    readonly answer: { readonly Name: string }
  }
  readonly ListSecretVersionIds: {
    readonly input: { readonly SecretId: string; readonly MaxResults: number; readonly NextToken?: string }
    readonly answer: {
      readonly Versions: readonly {
        readonly VersionId?: string
        readonly VersionStages?: readonly string[]
        readonly CreatedDate?: Date
      }[]
      readonly NextToken: string
    }
  }
  readonly ListSecrets: {
    readonly input: {
      readonly MaxResults: number
      readonly NextToken?: string
      readonly Filters?: readonly { readonly Key: "name"; readonly Values: readonly string[] }[]
    }
    readonly answer: {
      readonly SecretList: readonly {
        readonly ARN?: string
        readonly Name?: string
        readonly CreatedDate?: Date
        readonly SecretVersionsToStages?: Readonly<Record<string, readonly string[]>>
      }[]
      readonly NextToken: string
    }
  }
  readonly DescribeSecret: {
    readonly input: { readonly SecretId: string }
    readonly answer: {
      readonly ARN: string
      readonly Name: string
      readonly DeletedDate: Date
      /** Only of versions that have a label. */
      readonly VersionIdsToStages: Readonly<Record<string, readonly string[]>>
      readonly RotationEnabled: boolean
      readonly OwningService: string
      readonly PrimaryRegion: string
    }
  }
  readonly DeleteSecret: {
    readonly input: {
      readonly SecretId: string
      readonly RecoveryWindowInDays?: number
      readonly ForceDeleteWithoutRecovery?: boolean
    }
    readonly answer: { readonly Name: string }
  }
}

/** The name of an action, as it stands in policies behind `secretsmanager:`. */
export type Action = keyof Actions
