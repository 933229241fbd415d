import type { AzureServer } from "./options.ts"
import { current, type Settings, type VersionState } from "./secret.ts"
import type { Vault } from "./vault.ts"

/** What can be done to the secrets of a vault behind the back of its clients. */
type Behind = Pick<
  AzureServer,
  | "put"
  | "putCertificate"
  | "versions"
  | "value"
  | "tags"
  | "contentType"
  | "names"
  | "remove"
  | "disable"
  | "enable"
  | "softDelete"
  | "isDeleted"
  | "purge"
>

/** The back door of a vault. */
export function secretsBehind(vault: Vault): Behind {
  const versionsOf = (name: string): readonly VersionState[] => {
    const secret = vault.any(name)
    return secret === undefined || secret.deleted !== undefined ? [] : secret.versions
  }
  const change = (name: string, id: string | undefined, settings: Settings): void => {
    const secret = vault.any(name)
    const held = id === undefined ? secret && current(secret) : secret?.versions.find(one => one.id === id)
    if (held === undefined) throw new Error("the stand-in holds no such version")
    vault.change(held, settings)
  }
  return {
    put: (name, value, settings = {}) => vault.put(name, value, settings).held.id,
    putCertificate: (name, settings = {}) =>
      vault.put(name, "", { contentType: "application/x-pkcs12", ...settings }, true).held.id,
    versions: name =>
      versionsOf(name).map(({ id, value, settings }) => ({
        version: id,
        value,
        enabled: settings.enabled !== false,
      })),
    value: name => versionsOf(name).at(-1)?.value,
    tags: name => versionsOf(name).at(-1)?.settings.tags,
    contentType: name => versionsOf(name).at(-1)?.settings.contentType,
    names: () => [...vault.live(), ...vault.deleted()].map(({ name }) => name),
    remove: name => vault.forget(name),
    disable: (name, version) => change(name, version, { enabled: false }),
    enable: (name, version) => change(name, version, { enabled: true }),
    softDelete(name) {
      vault.settle(name)
      vault.delete(name)
      vault.settle(name)
    },
    isDeleted: name => vault.any(name)?.deleted !== undefined,
    purge(name) {
      vault.settle(name)
      vault.purge(name)
    },
  }
}
