import { aws } from "latchkey/aws"
import { azure } from "latchkey/azure"
import { journalIn, type Rotation, Rotator, sqlJournal } from "latchkey/rotation"
import { Pool } from "pg"

export function rotatingInAzure(rotations: Readonly<Record<string, Rotation>>): Rotator {
  // #region store
  const store = azure({ vault: "my-vault" })
  const other = aws({ region: "eu-west-1" })
  const rotator = new Rotator({ store, journals: journalIn(other, { of: store }), rotations })
  // #endregion
  return rotator
}

export async function rotatingWithPostgres(rotations: Readonly<Record<string, Rotation>>): Promise<Rotator> {
  const store = azure({ vault: "my-vault" })
  // #region sql
  const journals = sqlJournal(new Pool(), { of: store })
  await journals.create() // once; or the statement below, by whoever makes tables
  const rotator = new Rotator({ store, journals, rotations })
  // #endregion
  return rotator
}
