import { defineStore, isPortableName, type NameRule, type StoreWith } from "../../src/core/index.ts"
import { depotErrors } from "./errors.ts"
import { checkOptions, type DepotOptions } from "./options.ts"
import { asked } from "./request.ts"

/** Depot holds any path, so portable names stand for themselves. */
const names: NameRule = {
  rule: 'a path of letters, digits, ".", "_" and "-"',
  toNative: portable => portable,
  toPortable: native => (isPortableName(native) ? native : undefined),
  holds: native => /^[\w.-]+(?:\/[\w.-]+)*$/.test(native),
}

/**
 * Secrets in a Depot server.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist or has no value that Depot understands.
 */
export function depot(options: DepotOptions): StoreWith<"write" | "list" | "delete"> {
  const { url, token, prefix, rename } = checkOptions(options)
  const call = asked(url, token)

  return defineStore({
    kind: "depot",
    location: `depot://${url.host}`,
    names,
    naming: { prefix, rename },
    errors: depotErrors,
    capabilities: {
      preconditions: { absent: true, version: true },
      versionedReads: false,
      batchSize: 1,
      binary: false,
      expiry: false,
      softDelete: false,
      local: false,
    },
    async read(name, { signal }) {
      const { value, version } = await call("GET", `/secrets/${name}`, signal)
      return { value: String(value), version: String(version) }
    },
    async write(name, value, { expect, signal }) {
      const precondition = expect === "absent" ? { "if-none-match": "*" } : expect && { "if-match": expect }
      const answer = await call("PUT", `/secrets/${name}`, signal, { value }, precondition || {})
      return { version: String(answer.version), current: true, readable: true }
    },
    async *list({ signal }) {
      const { names: all } = await call("GET", "/secrets", signal)
      for (const name of all as string[]) yield { name }
    },
    async delete(name, { signal }) {
      await call("DELETE", `/secrets/${name}`, signal)
    },
    async ping({ signal }) {
      await call("GET", "/health", signal)
    },
    async close() {},
  })
}
