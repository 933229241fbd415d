/** One operation of a store, and the file that holds what it needs. */
export interface Need {
  /** As `SecretStore` calls it. */
  readonly operation: string
  /** Which of its forms, if there are several: `"of an alias"`. */
  readonly form?: string
  /** The name in docs/permissions, without its ending. */
  readonly file: string
  /** What else is to be known. */
  readonly note?: string
}

/** What the operations of one backend need. */
export interface Needs {
  readonly title: string
  /** What stands before the table. */
  readonly about: string
  readonly needs: readonly Need[]
  /** Ending of the files, which is the language that they are shown in. */
  readonly language: "json" | "hcl"
  /** Why it is believed. */
  readonly evidence: string
}

/** What each backend needs, in the order of the page. */
export const NEEDS = {
  aws: {
    title: "AWS: IAM policies",
    about: `Replace region, account and prefix. Secrets Manager puts six characters behind the name of a secret in its ARN, so
that a single secret is \`secret:prod/api-token-??????\`. \`ping\` reads a name that nobody has, and takes a refusal for an
answer: it needs nothing.`,
    needs: [
      { operation: "read", file: "aws-read" },
      {
        operation: "readMany",
        file: "aws-read-many",
        note: "beside `read`, for each of the secrets. It cannot be limited to some of them. Where it is missing, secrets are read singly",
      },
      {
        operation: "write",
        file: "aws-write",
        note: "`CreateSecret` is for names that are new, and needs `secretsmanager:TagResource` beside it where the store has `tags`",
      },
      {
        operation: "write",
        form: "with a version as `expect`",
        file: "aws-replace",
        note: "`versions` beside it, for the day on which a secret has no room for another label: then those that dead writers have left are swept off",
      },
      { operation: "list", file: "aws-list", note: "it cannot be limited to some secrets" },
      { operation: "versions", file: "aws-versions" },
      { operation: "delete", file: "aws-delete" },
      { operation: "delete", form: 'with `recoveryWindow: "none"`', file: "aws-delete-for-good" },
      {
        operation: "read and write",
        form: "with a key of your own",
        file: "aws-key",
        note: "`kms:Decrypt` to read, both to write. Not needed with the key `aws/secretsmanager`",
      },
      {
        operation: "rotation",
        form: "by latchkey",
        file: "aws-rotation",
        note: "the second statement is for the journals. `versions` beside it, for the day on which twenty labels are taken",
      },
    ],
    language: "json",
    evidence: `The actions are those that a proxy in front of LocalStack sees when the operation is done, no more and no fewer
(\`test/permissions/aws.server.test.ts\`); LocalStack itself checks no permissions. On
which resources each can be granted, and what keys need: "Actions, resources, and condition keys for AWS Secrets Manager" in
the Service Authorization Reference, and "Secret encryption and decryption in AWS Secrets Manager" in its User Guide. That a
batch is refused as a whole: recorded case \`aws-denied-batch\`.`,
  },
  azure: {
    title: "Azure: role definitions",
    about: `For vaults with the permission model "Azure role-based access control"; replace the subscription, and assign the role
on the vault, or on one secret of it. For vaults with access policies the column names what \`az keyvault set-policy
--secret-permissions\` takes. Of the built-in roles, *Key Vault Secrets User* reads and lists, and *Key Vault Secrets
Officer* does everything. \`ping\` reads a name that nobody has, and takes a refusal for an answer: it needs nothing.`,
    needs: [
      { operation: "read", file: "azure-read" },
      { operation: "write", file: "azure-write" },
      { operation: "list", file: "azure-list" },
      { operation: "versions", file: "azure-versions" },
      { operation: "delete", file: "azure-delete" },
      {
        operation: "rotation",
        file: "azure-rotation",
        note: "with `Microsoft.KeyVault/vaults/secrets/purge/action` beside it candidates are removed for good at once, and not at the end of the vault's retention",
      },
    ],
    language: "json",
    evidence: `The stand-in lets each operation pass under exactly these, and under none that lacks one of them; the contract
suite runs under all of them and nothing else (\`test/permissions/azure.test.ts\`). Which
call needs which action: "Azure built-in roles" and "Azure permissions for Security" of Azure role-based access control. How
a refusal reads: recorded cases \`azure-denied-rbac\` and \`azure-denied-access-policy\`.`,
  },
  gcp: {
    title: "Google Cloud: custom roles",
    about: `\`gcloud iam roles create latchkeyRead --project=PROJECT --file=gcp-read.json\`, and bind the role on the project, or on
single secrets. What makes or lists secrets can be bound on the project only, and so must be \`write\` where it is to make
secrets: whoever has no right on the project is not told that a secret is missing. Of the predefined roles, *Secret Manager
Secret Accessor* reads, *Secret Manager Secret Version Adder* writes to what is there, and *Secret Manager Viewer* lists.
\`ping\` reads a name that nobody has, and takes a refusal for an answer: it needs nothing.`,
    needs: [
      { operation: "read", file: "gcp-read" },
      {
        operation: "write",
        file: "gcp-write",
        note: '`secrets.create` is for names that are new. `versions` beside it, where `expect: "absent"` is to be repeated after its version was refused',
      },
      { operation: "write", form: "where `version` is an alias", file: "gcp-write-alias" },
      { operation: "list", file: "gcp-list" },
      { operation: "versions", file: "gcp-versions" },
      { operation: "versions", form: "where `version` is an alias", file: "gcp-versions-alias" },
      { operation: "delete", file: "gcp-delete" },
      {
        operation: "rotation",
        file: "gcp-rotation",
        note: "on the project, because candidates are secrets of their own; a condition on names that begin with `latchkey--rotation--` can hold `secrets.delete` to these",
      },
      {
        operation: "rotation",
        form: "where `version` is an alias",
        file: "gcp-rotation-alias",
        note: "`secrets.create` is for a secret that does not exist yet",
      },
    ],
    language: "json",
    evidence: `The stand-in lets each operation pass under exactly these, and under none that lacks one of them; the contract
suite runs under all of them and nothing else (\`test/permissions/gcp.test.ts\`). Which call
needs which permission: "Access control with IAM" of Secret Manager. How a refusal reads: recorded case \`gcp-denied\`. A
secret with a key of your own needs nothing more of the program: the service agent of Secret Manager uses the key.`,
  },
  vault: {
    title: "Vault and OpenBao: policies",
    about: `Replace \`secret\` by the mount, and \`*\` by the prefix if there is one. \`ping\` reads a name that nobody has, and takes a
refusal for an answer: it needs nothing. What logging in needs is a matter of its mount.`,
    needs: [
      {
        operation: "read",
        file: "vault-kv2-read",
        form: "KV 2",
      },
      { operation: "write", form: "KV 2", file: "vault-kv2-write" },
      { operation: "list", form: "KV 2", file: "vault-kv2-list" },
      { operation: "versions", form: "KV 2", file: "vault-kv2-versions" },
      { operation: "delete", form: "KV 2", file: "vault-kv2-delete" },
      {
        operation: "rotation",
        form: "KV 2",
        file: "vault-kv2-rotation",
        note: "beside `read` and `write`. A prefix stands behind `latchkey/rotation/`",
      },
      { operation: "read", form: "KV 1", file: "vault-kv1-read" },
      { operation: "write", form: "KV 1", file: "vault-kv1-write" },
      { operation: "list", form: "KV 1", file: "vault-kv1-list" },
      { operation: "delete", form: "KV 1", file: "vault-kv1-delete" },
      { operation: "read", form: "with a lease", file: "vault-leases" },
      { operation: "the token itself", file: "vault-token" },
    ],
    language: "hcl",
    evidence: `The contract suite runs on real Vault and real OpenBao, on KV 1 and KV 2, with a token that has exactly these policies
and not even \`default\` (\`test/providers/vault/contract.server.test.ts\`); so does that of ledgers, on KV 2
(\`test/providers/vault/rotation-contract.server.test.ts\`). What single steps can do without, and what is said where one lacks
something: \`test/providers/vault/rotation-check.server.test.ts\`.`,
  },
} as const satisfies Readonly<Record<string, Needs>>
