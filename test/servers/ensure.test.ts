import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { eventually } from "../support/eventually.ts"
import { ensure } from "./ensure.ts"
import { newBystander, newDead } from "./fake/bystander.ts"
import { fakeDefinitions } from "./fake/definitions.ts"
import { newPlace } from "./fake/place.ts"
import { isAlive, thisProcess } from "./system/identity.ts"
import { readRecord, type ServerRecord, writeRecord } from "./system/records.ts"
import { ServerUnavailable } from "./types.ts"

it("starts a server, and finds it again", async () => {
  const place = await newPlace()
  const first = await ensure("moto", place)
  const second = await ensure("moto", place)
  expect(first).toMatchObject({ found: "native", server: { name: "moto", version: "1.2.3" } })
  expect(second).toEqual(first)
  expect(place.said).toContain("starts")
})

it("takes the address in the environment before all else, and starts nothing", async () => {
  const place = await newPlace()
  const url = await otherServer()
  const environment = { ...place.environment, LATCHKEY_MOTO_URL: `${url}/` }
  const { server, found } = await ensure("moto", { ...place, environment })
  expect({ server, found }).toMatchObject({ found: "environment", server: { url } })
  expect(readRecord(place.folder, "moto")).toBeUndefined()
})

it("says which variable leads to nothing, and looks no further", async () => {
  const place = await newPlace()
  const environment = { ...place.environment, LATCHKEY_MOTO_URL: "http://127.0.0.1:9" }
  await expect(ensure("moto", { ...place, environment })).rejects.toThrow(
    "moto is not to be had: LATCHKEY_MOTO_URL leads to http://127.0.0.1:9, where nothing answers",
  )
})

it("knows its own server when the environment names it, as in a shell that took what up printed", async () => {
  const place = await newPlace()
  const { server } = await ensure("moto", place)
  const environment = { ...place.environment, LATCHKEY_MOTO_URL: "url" in server ? server.url : "" }
  const again = await ensure("moto", { ...place, environment, keep: true })
  expect(again.found).toBe("native")
  expect(readRecord(place.folder, "moto")?.kept).toBe(true)
})

it("starts one server however many ask for it at once", async () => {
  const place = await newPlace()
  const all = await Promise.all(Array.from({ length: 5 }, () => ensure("moto", place)))
  expect(new Set(all.map(({ server }) => JSON.stringify(server))).size).toBe(1)
  expect(place.said.filter(doing => doing === "starts")).toHaveLength(1)
  expect(place.said).toContain(`waits for process ${process.pid}, which starts it`)
})

it("starts a new server in the place of one that died", async () => {
  const place = await newPlace()
  await ensure("moto", place)
  const record = recordOf(place.folder)
  writeRecord(place.folder, { ...record, process: await newDead() })
  await ensure("moto", place)
  expect(recordOf(place.folder).process).not.toEqual(record.process)
  // The first one is none of anybody's now, because the record lied about it.
  if (record.process !== undefined) process.kill(record.process.pid, "SIGKILL")
})

it("never ends a process that got the number of one that died", async () => {
  const place = await newPlace()
  const bystander = await newBystander()
  const stale: ServerRecord = {
    name: "moto",
    server: { ...SERVER, url: "http://127.0.0.1:9" },
    found: "native",
    process: { pid: bystander.pid, started: "some other time" },
    since: new Date().toISOString(),
    kept: true,
    holders: [],
  }
  writeRecord(place.folder, stale)
  await ensure("moto", place)
  expect(recordOf(place.folder).process?.pid).not.toBe(bystander.pid)
  expect(bystander.lives()).toBe(true)
})

it("ends what somebody who crashed was starting, and starts it anew, though the run goes on", async () => {
  const place = await newPlace()
  await ensure("moto", place)
  const { server, ...started } = recordOf(place.folder)
  writeRecord(place.folder, { ...started, holders: [thisProcess()] })
  const again = await ensure("moto", place)
  expect(again.server).not.toEqual(server)
  if (started.process === undefined) throw new Error("there is no process")
  expect(isAlive(started.process)).toBe(false)
})

it("takes a record that nobody finished writing for none", async () => {
  const place = await newPlace()
  writeFileSync(join(place.folder, "moto.json"), '{"name":"mo')
  await expect(ensure("moto", place)).resolves.toMatchObject({ found: "native" })
})

it("says the end of the log of a server that ends at once, and leaves nothing behind", async () => {
  const place = await newPlace()
  const definitions = fakeDefinitions({ behaviour: "dies" })
  const failure = await ensure("moto", { ...place, definitions }).catch(error => error)
  expect(failure).toBeInstanceOf(ServerUnavailable)
  expect(failure.message).toContain("the disk is full")
  expect(readRecord(place.folder, "moto")).toBeUndefined()
})

it("tries what failed once per test run, and again for whoever comes later", async () => {
  const place = await newPlace()
  const holder = thisProcess()
  const definitions = fakeDefinitions({ behaviour: "dies" })
  await expect(ensure("moto", { ...place, definitions, holder })).rejects.toThrow("the disk is full")
  await expect(ensure("moto", { ...place, holder })).rejects.toThrow("the disk is full")
  expect(place.said.filter(doing => doing === "starts")).toHaveLength(1)
  await expect(ensure("moto", place)).resolves.toMatchObject({ found: "native" })
})

it("ends what it was starting when it is stopped", async () => {
  const place = await newPlace()
  const stopping = new AbortController()
  const definitions = fakeDefinitions({ behaviour: "silent" })
  const waiting = ensure("moto", { ...place, definitions, signal: stopping.signal })
  await eventually(() => expect(readRecord(place.folder, "moto")?.process).toBeDefined())
  const started = recordOf(place.folder).process
  stopping.abort()
  await expect(waiting).rejects.toThrow("aborted")
  expect(started && isAlive(started)).toBe(false)
  expect(readRecord(place.folder, "moto")).toBeUndefined()
})

const SERVER = {
  name: "moto",
  version: "unknown",
  region: "eu-west-1",
  accessKeyId: "test",
  secretAccessKey: "test",
} as const

function recordOf(folder: string): ServerRecord {
  const record = readRecord(folder, "moto")
  if (record === undefined) throw new Error("there is no record")
  return record
}

async function otherServer(): Promise<string> {
  const server = createServer((_, response) => response.end("{}")).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}
