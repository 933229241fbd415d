import { aws } from "latchkey/aws"
import { azure } from "latchkey/azure"
import { dotenv } from "latchkey/dotenv"
import { env } from "latchkey/env"
import { gcp } from "latchkey/gcp"
import { memory } from "latchkey/memory"
import { vault, vaultLeases } from "latchkey/vault"
import { isSecretError, type SecretStore } from "../src/core/index.ts"

const server = {
  address: "https://vault.example.com:8200",
  auth: { method: "token", token: "none" },
} as const

/** A store of each kind. None of them is asked anything: what it can do is known when it is made. */
const STORES: readonly (readonly [heading: string, page: string, store: SecretStore])[] = [
  ["`env:`", "local-stores.md", env({ env: {} })],
  ["`dotenv:`", "local-stores.md", dotenv({ path: ".env", optional: true })],
  ["`memory:`", "testing.md", memory({})],
  ["`aws:`", "aws.md", aws({ region: "eu-west-1" })],
  ["`azure:`", "azure.md", azure({ vault: "my-vault" })],
  ["`gcp:`", "gcp.md", gcp({ project: "my-project" })],
  ["`vault:`, KV 2", "vault.md", vault({ ...server, kv: 2 })],
  ["`vault:`, KV 1", "vault.md", vault({ ...server, kv: 1 })],
  ["`vault:`, leases", "vault.md", vaultLeases(server)],
]

type Cell = (store: SecretStore) => boolean | number

const ROWS: readonly (readonly [what: string, cell: Cell])[] = [
  ["reads many at once (`readMany`): how many", ({ capabilities }) => capabilities.batchSize],
  ["reads older versions", ({ capabilities }) => capabilities.versionedReads],
  ["holds bytes that are no text", ({ capabilities }) => capabilities.binary],
  ["`write`", store => store.write !== undefined],
  ['`write` with `expect: "absent"`', ({ capabilities }) => capabilities.preconditions.absent],
  ["`write` with a version as `expect`", ({ capabilities }) => capabilities.preconditions.version],
  ["`write` with `expiresAt`", ({ capabilities }) => capabilities.expiry],
  ["`list`", store => store.list !== undefined],
  ["`versions`", store => store.versions !== undefined],
  ["`delete`", store => store.delete !== undefined],
  ["a deleted name stays taken for a while", ({ capabilities }) => capabilities.softDelete],
  ["`watch`", store => store.watch !== undefined],
  ["`rotation`", canRotate],
  ["looks for a near name in an error", ({ capabilities }) => capabilities.local],
]

/** The page on what each store can do, as Markdown. */
export function capabilitiesPage(): string {
  const headings = STORES.map(([heading, page]) => `[${heading}](${page})`)
  const rows = ROWS.map(([what, cell]) => [what, ...STORES.map(([, , store]) => shown(cell(store)))])
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`
  return `# What each store can do

<!-- Written by "npm run docs" from the stores themselves: change those, and not this page. -->

Every store reads. What else it can do it declares, and the suite that every store passes asserts it both ways: what is
promised works, what is not is \`UNSUPPORTED\` and never ignored. \`secrets.supports("write")\` asks a store that was opened
by URL; of one that was made by its function TypeScript knows it.

${line(["", ...headings])}
${line(["---", ...headings.map(() => ":-:")])}
${rows.map(line).join("\n")}

A [layered store](local-stores.md#layered) can do what its layers can: it reads older versions and takes preconditions where the layer that holds a
name does. \`aws({ recoveryWindow: "none" })\` deletes for good, and frees the name.
`
}

/** Some stores have a ledger that says, as they were made, why it cannot be used. */
function canRotate(store: SecretStore): boolean {
  try {
    return store.rotation?.() !== undefined
  } catch (thrown) {
    if (isSecretError(thrown)) return false
    throw thrown
  }
}

function shown(cell: boolean | number): string {
  if (typeof cell === "boolean") return cell ? "yes" : "–"
  if (cell === 1) return "–"
  return cell === Number.MAX_SAFE_INTEGER ? "any" : String(cell)
}
