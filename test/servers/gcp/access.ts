import { Failure } from "./failure.ts"
import { type GcpIdentity, holdsPermission } from "./identities.ts"
import type { ResourceName } from "./names.ts"
import type { Permission } from "./permissions.ts"
import type { State } from "./state.ts"

const SERVICE = "secretmanager.googleapis.com"

/** Who may do what, beyond what the identities hold: switched off for the project, or denied to everybody. */
export class Access {
  /** Whether the project has the service switched off. */
  serviceDisabled = false
  readonly #denied = new Map<string, ReadonlySet<Permission> | "all">()
  readonly #state: State

  constructor(state: State) {
    this.#state = state
  }

  /** Takes permissions on a secret, given by its whole name, away from everybody; `[]` takes all. */
  deny(secretName: string, permissions: readonly Permission[]): void {
    this.#denied.set(secretName, permissions.length === 0 ? "all" : new Set(permissions))
  }

  /** Gives them back. */
  allow(secretName: string): void {
    this.#denied.delete(secretName)
  }

  /**
   * Lets a call pass. What exists is not looked at: who may not ask is not told.
   *
   * @throws Failure `PERMISSION_DENIED`, in which the resource is written as it was asked for.
   */
  check(caller: GcpIdentity | undefined, permission: Permission, name: ResourceName): void {
    if (!this.#state.holdsProject(name)) throw consumerInvalid(name.project)
    if (this.serviceDisabled) throw serviceDisabled(this.#state.projectNumber)
    const denied = name.secret === "" ? undefined : this.#denied.get(this.#state.secretNameOf(name))
    const holds = caller === undefined || holdsPermission(caller, permission, name.secret)
    if (!holds || denied === "all" || denied?.has(permission)) throw permissionDenied(permission, name.asked)
  }
}

function permissionDenied(permission: Permission, resource: string): Failure {
  return new Failure(
    "PERMISSION_DENIED",
    `Permission '${permission}' denied for resource '${resource}' (or it may not exist).`,
    [
      {
        type: "ErrorInfo",
        reason: "IAM_PERMISSION_DENIED",
        domain: "googleapis.com",
        metadata: { permission, resource },
      },
    ],
  )
}

function serviceDisabled(number: string): Failure {
  const url = `https://console.developers.google.com/apis/api/${SERVICE}/overview?project=${number}`
  return new Failure(
    "PERMISSION_DENIED",
    `Secret Manager API has not been used in project ${number} before or it is disabled. ` +
      `Enable it by visiting ${url} then retry. If you enabled this API recently, ` +
      "wait a few minutes for the action to propagate to our systems and retry.",
    [
      { type: "Help", links: [{ description: "Google developers console API activation", url }] },
      {
        type: "ErrorInfo",
        reason: "SERVICE_DISABLED",
        domain: "googleapis.com",
        metadata: { service: SERVICE, consumer: `projects/${number}` },
      },
    ],
  )
}

function consumerInvalid(project: string): Failure {
  const url = `https://console.developers.google.com/project/${project}/apiui/credential`
  return new Failure("PERMISSION_DENIED", `Permission denied on resource project ${project}.`, [
    { type: "Help", links: [{ description: "Google developer console API key", url }] },
    {
      type: "ErrorInfo",
      reason: "CONSUMER_INVALID",
      domain: "googleapis.com",
      metadata: { service: SERVICE, consumer: `projects/${project}` },
    },
  ])
}
