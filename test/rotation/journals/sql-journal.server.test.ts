import { memory } from "latchkey/memory"
import { testLedger } from "latchkey/testing"
import { Pool } from "pg"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type SqlClient, sqlJournal, sqlJournalTable } from "../../../src/rotation/journals/index.ts"
import { describeOn } from "../../servers/cases.ts"
import { newCanary } from "../../support/canary.ts"
import { framework } from "../../support/framework.ts"
import { calm, journalOf, withJournals } from "./beside.ts"

describeOn("postgres", ({ host, port, user, password, database }) => {
  const login = { host, port, user, password, database }
  const table = `journals_${process.pid}_${Date.now()}`
  const pool = new Pool({ ...login, max: 8 })

  beforeAll(async () => await sqlJournal(pool, { of: memory(), table }).create())
  afterAll(async () => {
    await pool.query(`DROP TABLE IF EXISTS "${table}"`)
    await pool.end()
  })

  testLedger(
    "memory, with its journals in PostgreSQL",
    () => {
      const secrets = memory()
      // Each process has a pool of its own; here they share one, and race for its rows all the same.
      const beside = () => withJournals(secrets, of => sqlJournal(pool, { of, table }))
      return {
        store: beside(),
        promises: { promotion: "conditional" },
        replica: beside,
        put: async (name, value) => void (await secrets.write(name, value, calm)),
        remove: async name => await secrets.delete(name, calm),
        async writeJournal(name, text) {
          const { rowCount } = await pool.query(`UPDATE "${table}" SET journal = $2 WHERE place LIKE $1`, [
            `% ${name}`,
            text,
          ])
          expect(rowCount).toBe(1)
        },
        async close() {},
      }
    },
    framework,
  )

  describe("journals in a table", () => {
    // Each memory is a place of its own.
    const of = memory()
    const keeper = (client: SqlClient = pool) => sqlJournal(client, { of, table })
    let names = 0
    const unused = () => `token-a${process.pid}-b${Date.now()}-c${++names}`

    it("tell the time of the database, also where there is no journal", async () => {
      const { at, journal } = await keeper().load(unused(), calm)
      const { rows } = await pool.query("SELECT extract(epoch FROM now()) * 1000 AS now")
      expect(journal).toBeUndefined()
      expect(Math.abs((at ?? 0) - Number(rows[0].now))).toBeLessThan(60_000)
    })

    it("can be made twice, and in a schema", async () => {
      await keeper().create()
      const schema = `journals_schema_${process.pid}`
      await pool.query(`CREATE SCHEMA "${schema}"`)
      const other = sqlJournal(pool, { of: memory(), table: `${schema}.kept` })
      try {
        const error = await failed(other.load(unused(), calm))
        expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("create()")])
        await other.create()
        const name = unused()
        await other.save(name, journalOf(1), { ...calm, expectSeq: 0 })
        expect((await other.load(name, calm)).journal?.seq).toBe(1)
        expect(other.location).toBe(`postgres table ${schema}.kept`)
      } finally {
        await pool.query(`DROP SCHEMA "${schema}" CASCADE`)
      }
    })

    it("are written by one of two who are kept waiting for each other's row", async () => {
      const name = unused()
      await keeper().save(name, journalOf(1), { ...calm, expectSeq: 0 })
      const blocker = await pool.connect()
      try {
        await blocker.query("BEGIN")
        await blocker.query(`SELECT 1 FROM "${table}" WHERE place LIKE $1 FOR UPDATE`, [`% ${name}`])
        const saves = ["one", "two"].map(async owner => {
          await keeper().save(name, journalOf(2, owner), { ...calm, expectSeq: 1 })
          return owner
        })
        await blocker.query("COMMIT")
        const ended = await Promise.allSettled(saves)
        expect(ended.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"])
      } finally {
        blocker.release()
      }
    })

    it("are not written by a user who may not, and the error tells no password and no statement", async () => {
      const canary = newCanary()
      const role = `reader_${process.pid}`
      await pool.query(`CREATE ROLE "${role}" LOGIN PASSWORD '${canary.text}'`)
      await pool.query(`GRANT SELECT ON "${table}" TO "${role}"`)
      const reader = new Pool({ ...login, user: role, password: canary.text, max: 1 })
      const stranger = new Pool({ ...login, user: role, password: `${canary.text}-wrong`, max: 1 })
      try {
        const name = unused()
        expect(await keeper(reader).load(name, calm)).not.toHaveProperty("journal")
        const denied = await failed(keeper(reader).save(name, journalOf(1), { ...calm, expectSeq: 0 }))
        expect([denied.code, denied.outcome]).toEqual(["DENIED", undefined])
        const refused = await failed(keeper(stranger).load(name, calm))
        canary.watch([denied, refused])
        expect(refused.code).toBe("UNAUTHENTICATED")
        expect(denied.message).not.toContain("INSERT INTO")
      } finally {
        await Promise.all([reader.end(), stranger.end()])
        await pool.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
      }
    })

    it("leave open what became of a write whose connection ended, and know that nothing was sent where there is none", async () => {
      const name = unused()
      const cut: SqlClient = {
        query: async (text, params) => {
          await pool.query(text, params)
          throw Object.assign(new Error(`Connection terminated unexpectedly: ${params}`), {})
        },
      }
      const lost = await failed(keeper(cut).save(name, journalOf(1), { ...calm, expectSeq: 0 }))
      expect([lost.code, lost.outcome, lost.transient]).toEqual(["UNAVAILABLE", "unknown", true])
      expect((await keeper().load(name, calm)).journal?.seq).toBe(1)
      const nowhere = new Pool({ ...login, port: 1, max: 1 })
      const unsent = await failed(keeper(nowhere).save(unused(), journalOf(1), { ...calm, expectSeq: 0 }))
      expect([unsent.code, unsent.outcome]).toEqual(["UNAVAILABLE", undefined])
      await nowhere.end()
    })

    it("are told of a transaction that was rolled back for another one as of a lost race", async () => {
      const serial = new Pool({ ...login, max: 2, options: "-c default_transaction_isolation=serializable" })
      try {
        const name = unused()
        await keeper(serial).save(name, journalOf(1), { ...calm, expectSeq: 0 })
        const saves = ["one", "two"].map(async owner => {
          await keeper(serial).save(name, journalOf(2, owner), { ...calm, expectSeq: 1 })
        })
        const codes = await Promise.all(
          saves.map(save =>
            save.then(
              () => "won",
              error => error.code,
            ),
          ),
        )
        expect(codes.sort()).toEqual(["CONFLICT", "won"])
      } finally {
        await serial.end()
      }
    })

    it("have a statement that makes their table, for those who make tables themselves", async () => {
      const own = `own_${process.pid}`
      await pool.query(sqlJournalTable(own))
      try {
        const journals = sqlJournal(pool, { of: memory(), table: own })
        await journals.save("token", journalOf(1), { ...calm, expectSeq: 0 })
        const { rows } = await pool.query(`SELECT seq, journal, written_at FROM "${own}"`)
        expect(rows).toHaveLength(1)
        expect([
          Number(rows[0].seq),
          JSON.parse(rows[0].journal).state,
          rows[0].written_at instanceof Date,
        ]).toEqual([1, "claimed", true])
      } finally {
        await pool.query(`DROP TABLE "${own}"`)
      }
    })
  })
})

async function failed(call: Promise<unknown>) {
  return await call.then(
    () => {
      throw new Error("the call did not fail")
    },
    (error: unknown) => error as import("latchkey").SecretError,
  )
}
