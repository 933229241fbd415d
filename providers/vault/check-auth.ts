import { misconfigured, refuseUnknownOptions } from "../../src/core/index.ts"
import type { VaultAuth } from "./login/index.ts"
import { isPath, isSegment } from "./names.ts"

/** What each way to log in is given: what it needs, and what it may have. */
const METHODS: Readonly<
  Record<VaultAuth["method"], { readonly needs: readonly string[]; readonly may: readonly string[] }>
> = {
  token: { needs: ["token"], may: ["renew", "variable"] },
  "token-file": { needs: [], may: ["file", "variable"] },
  approle: { needs: ["roleId"], may: ["secretId", "mount"] },
  kubernetes: { needs: ["role"], may: ["jwt", "mount"] },
  jwt: { needs: ["jwt"], may: ["role", "mount"] },
  userpass: { needs: ["username", "password"], may: ["mount"] },
  cert: { needs: [], may: ["role", "mount"] },
}

/** What is text and no credential. */
const TEXTS = new Set(["file", "role", "username", "mount"])

/** @throws SecretError `MISCONFIGURED`, without quoting any of it */
export function checkAuth(auth: VaultAuth): void {
  const method: unknown = auth?.method
  if (typeof method !== "string" || !Object.hasOwn(METHODS, method)) {
    throw misconfigured(
      "auth names no way to log in",
      `auth.method is one of ${Object.keys(METHODS).join(", ")}`,
    )
  }
  const { needs, may } = METHODS[method as VaultAuth["method"]]
  refuseUnknownOptions("auth", auth, ["method", ...needs, ...may])
  const given: Readonly<Record<string, unknown>> = { ...auth }
  for (const name of [...needs, ...may]) {
    const value = given[name]
    if (value === undefined && !needs.includes(name)) continue
    if (!isGood(name, value))
      throw misconfigured(`auth.${name} is missing, or not what it should be`, HINTS[name] ?? CREDENTIAL)
  }
}

const CREDENTIAL = 'give it a text, { file: "…" } or a function'

const HINTS: Readonly<Record<string, string>> = {
  renew: "true prolongs the token",
  variable: 'it is the name of a variable, and not what is in it: "VAULT_TOKEN"',
  file: "it is the path of the file that holds the token",
  mount: "it is the path of the engine, as vault auth list has it, without auth/ before it",
  secretId: 'it is a text, { file: "…" }, a function, or { wrapped: … } around one of these',
}

function isGood(name: string, value: unknown): boolean {
  if (name === "renew") return typeof value === "boolean"
  if (name === "variable") return typeof value === "string" && /^[A-Z][A-Z_]{0,31}$/.test(value)
  if (name === "mount") return typeof value === "string" && isPath(value)
  if (name === "username") return typeof value === "string" && isSegment(value)
  if (TEXTS.has(name)) return isText(value)
  return (
    isCredential(value) ||
    (name === "secretId" && isCredential((value as { wrapped?: unknown } | null)?.wrapped))
  )
}

function isCredential(value: unknown): boolean {
  if (typeof value === "function") return true
  return isText(typeof value === "object" && value !== null && "file" in value ? value.file : value)
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== ""
}
