import { misconfigured } from "../../core/index.ts"

/** The name of a table of PostgreSQL, as it stands in statements. */
export interface SqlTable {
  /** `rotation_journal`, or with a schema `ops.rotation_journal`: safe to print. */
  readonly name: string
  /** The same with quotation marks. */
  readonly quoted: string
}

/** Plain identifiers of at most the length that PostgreSQL does not cut ("Identifiers and Key Words"). */
const NAME = /^(?:[a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}$/

/** @throws SecretError `MISCONFIGURED`, without quoting, for what is no plain name of a table */
export function sqlTable(name: unknown): SqlTable {
  if (typeof name !== "string" || !NAME.test(name)) {
    throw misconfigured(
      "table is no name of a table",
      'small letters, digits and "_", with the schema before it if need be: table: "ops.rotation_journal"',
    )
  }
  return {
    name,
    quoted: name
      .split(".")
      .map(part => `"${part}"`)
      .join("."),
  }
}

/**
 * The statement that makes a table of journals. `place` is where a secret is, `journal` its journal as text, without any
 * value, and `seq` the number by which that is changed.
 *
 * @param table its name, with a schema before it if need be. Default: `"latchkey_rotation_journal"`.
 * @throws SecretError `MISCONFIGURED` for what is no plain name of a table
 */
export function sqlJournalTable(table: string = DEFAULT_TABLE): string {
  return `CREATE TABLE IF NOT EXISTS ${sqlTable(table).quoted} (
  place text PRIMARY KEY,
  seq bigint NOT NULL,
  journal text NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now()
)`
}

export const DEFAULT_TABLE: string = "latchkey_rotation_journal"
