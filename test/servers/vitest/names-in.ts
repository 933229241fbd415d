import { readFileSync } from "node:fs"
import { SERVER_NAMES, type ServerName } from "../types.ts"

/** The servers that test files name: as texts of their own, `"vault"`, and by the helper for the proxy. */
export function namesIn(files: readonly string[]): ServerName[] {
  const texts = files.map(path => readFileSync(path, "utf8"))
  return SERVER_NAMES.filter(name =>
    texts.some(text => text.includes(`"${name}"`) || (name === "toxiproxy" && text.includes("proxyTo("))),
  )
}
