import { listSecrets, listVersions } from "./lists.ts"
import type { Request } from "./messages.ts"
import type { ResourceName } from "./names.ts"
import type { Method } from "./permissions.ts"
import { createSecret, deleteSecret, getSecret, updateSecret } from "./secrets.ts"
import type { State } from "./state.ts"
import { accessVersion, addVersion, destroyVersion, getVersion, switchVersion } from "./versions.ts"

/** A call: where the name stands in its request, what it names, and what it does. */
export interface Operation {
  readonly names: "project" | "secret" | "version"
  resource(request: Request): string
  run(state: State, name: ResourceName, request: Request): object
}

const parent = ({ parent: text = "" }: Request): string => text
const name = ({ name: text = "" }: Request): string => text

/** All calls. */
export const OPERATIONS: Readonly<Record<Method, Operation>> = {
  ListSecrets: { names: "project", resource: parent, run: listSecrets },
  CreateSecret: { names: "project", resource: parent, run: createSecret },
  GetSecret: { names: "secret", resource: name, run: getSecret },
  UpdateSecret: { names: "secret", resource: ({ secret }) => secret?.name ?? "", run: updateSecret },
  DeleteSecret: { names: "secret", resource: name, run: deleteSecret },
  AddSecretVersion: { names: "secret", resource: parent, run: addVersion },
  GetSecretVersion: { names: "version", resource: name, run: getVersion },
  ListSecretVersions: { names: "secret", resource: parent, run: listVersions },
  AccessSecretVersion: { names: "version", resource: name, run: accessVersion },
  EnableSecretVersion: {
    names: "version",
    resource: name,
    run: (state, of, request) => switchVersion(state, of, request, "ENABLED"),
  },
  DisableSecretVersion: {
    names: "version",
    resource: name,
    run: (state, of, request) => switchVersion(state, of, request, "DISABLED"),
  },
  DestroySecretVersion: { names: "version", resource: name, run: destroyVersion },
}
