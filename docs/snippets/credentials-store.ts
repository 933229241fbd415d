// #region store
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { defineStore, SecretError, type StoreWith, valueOfFile, versionMaker } from "latchkey"

/** The credentials that systemd hands to a service: one file each, named `tally--api-token`. */
export function credentials(folder: string): StoreWith<"list"> {
  const versionOf = versionMaker()
  return defineStore({
    kind: "credentials",
    location: `credentials:${folder}`,
    names: {
      rule: 'a credential is lower-case letters, digits, "-" and "--"',
      toNative: portable => portable.replaceAll("/", "--"),
      toPortable: native => native.replaceAll("--", "/"),
      holds: native => /^[a-z][a-z0-9]*(?:--?[a-z0-9]+)*$/.test(native),
    },
    capabilities: {
      preconditions: { absent: false, version: false },
      versionedReads: false,
      batchSize: 1,
      binary: true,
      expiry: false,
      softDelete: false,
      local: true,
    },
    errors: thrown => CODES[(thrown as NodeJS.ErrnoException).code ?? ""],
    async read(name, { signal }) {
      const value = valueOfFile(await readFile(join(folder, name), { signal }))
      return { value, version: versionOf(name, value) }
    },
    async *list() {
      for (const name of await readdir(folder)) yield { name }
    },
    async ping() {
      await readdir(folder).catch(() => {
        throw new SecretError("MISCONFIGURED", { hint: "set LoadCredential= in the unit of the service" })
      })
    },
    async close() {},
  })
}

const CODES: Record<string, { code: "NOT_FOUND" | "DENIED" }> = {
  ENOENT: { code: "NOT_FOUND" },
  EACCES: { code: "DENIED" },
}
// #endregion
