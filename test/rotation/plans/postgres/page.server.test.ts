import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Client } from "pg"
import { expect, it, onTestFinished } from "vitest"
import { dotenv } from "../../../../providers/dotenv/index.ts"
import { running } from "../../../servers/index.ts"
import { runChild } from "../../../support/child.ts"

const ROOT = new URL("../../../../", import.meta.url)
const textOf = async (path: string): Promise<string> => await readFile(new URL(path, ROOT), "utf8")

it("what docs/rotation-plans.md says of a database is all that its example needs", {
  timeout: 60_000,
}, async () => {
  const { host, port, user, password, database } = await running("postgres")
  const app = `latchkey_page_${process.pid}`
  // The names of users belong to the whole server, which others use, too.
  const renamed = (text: string): string => text.replace(/\bapp(?=_|\b)/g, app)
  const setUp = renamed(/```sql\n([\s\S]*?)```/.exec(await textOf("docs/rotation-plans.md"))?.[1] ?? "")
  // The program runs at the root of the checkout, and not where it stands.
  const program = renamed(await textOf("docs/snippets/rotation-postgres.ts")).replaceAll(
    "../../src/",
    "./src/",
  )

  const root = new Client({ host, port, user, password, database })
  await root.connect()
  const folder = await mkdtemp(join(tmpdir(), "latchkey-page-"))
  onTestFinished(async () => {
    await root.query(`drop database if exists ${app} with (force)`)
    for (const role of [`${app}_a`, `${app}_b`, `${app}_rotator`, app])
      await root.query(`drop role if exists ${role}`)
    await root.end()
    await rm(folder, { recursive: true })
  })
  await root.query(`create database ${app}`)
  const owner = new Client({ host, port, user, password, database: app })
  await owner.connect()
  await owner.query(setUp)
  await owner.query(`alter role ${app}_rotator password 'rotator'`)
  await owner.query(`grant create on schema public to ${app}`)
  await owner.end()

  const file = join(folder, ".env")
  await writeFile(file, "", { mode: 0o600 })
  const ended = await runChild(program, {
    env: {
      LATCHKEY_STORE: `dotenv:${file}`,
      PGHOST: host,
      PGPORT: String(port),
      PGDATABASE: app,
      PGUSER: `${app}_rotator`,
      PGPASSWORD: "rotator",
    },
  })
  expect(ended).toMatchObject({ code: 0, stdout: "waiting promoted \n", stderr: "" })

  const store = dotenv(file)
  const { value } = await store.read("db/url", { signal: new AbortController().signal })
  await store.close()
  const login = new URL(String(value))
  expect(login.host).toBe("db.internal:5432")
  expect(login.username).toBe(`${app}_a`)
  const consumer = new Client({ host, port, user: login.username, password: login.password, database: app })
  await consumer.connect()
  await consumer.query("create table of_both (id int)")
  const { rows } = await consumer.query("select tableowner from pg_tables where tablename = 'of_both'")
  expect(rows).toEqual([{ tableowner: app }])
  await consumer.end()
})
