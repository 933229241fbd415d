import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { runChild } from "../support/child.ts"
import { down, logs, status, up } from "./commands.ts"
import { newBystander, newDead } from "./fake/bystander.ts"
import { fakeDefinitions } from "./fake/definitions.ts"
import { newPlace, newSetting } from "./fake/place.ts"
import { release } from "./release.ts"
import { letGo, RUN_VARIABLE } from "./running.ts"
import { isAlive, thisProcess } from "./system/identity.ts"
import { readRecord, writeRecord } from "./system/records.ts"
import { stopProcess } from "./system/stop.ts"

// Each starts several processes, while others may be building servers.
describe("up", { timeout: 60_000 }, () => {
  it("prints what to export, and prints the same again", async () => {
    const setting = await newSetting()
    expect(await up(setting)).toBe(0)
    const exported = /export LATCHKEY_MOTO_URL=http:\/\/127\.0\.0\.1:\d+\n/.exec(setting.output())?.[0]
    expect(exported).toBeDefined()
    const before = setting.output()
    expect(await up(setting)).toBe(0)
    expect(setting.output().slice(before.length)).toContain(exported)
  })

  it("keeps the others up when one cannot be had, and ends with 1", async () => {
    const setting = await newSetting()
    const { vault, ...rest } = fakeDefinitions()
    const { moto: broken } = fakeDefinitions({ behaviour: "dies" })
    const definitions = { ...rest, vault: { ...vault, ...broken, name: "vault" } as unknown as typeof vault }
    expect(await up({ ...setting, definitions, names: ["moto", "vault"] })).toBe(1)
    const output = setting.output()
    expect(output).toContain("export LATCHKEY_MOTO_URL=")
    expect(output).toMatch(/vault {6}is not to be had: it ended at once\n {2}the disk is full/)
    expect(output).toContain("1 of 2 could not be had; the others are up.")
    expect(readRecord(setting.folder, "moto")).toBeDefined()
  })

  it("prints what a shell reads back as it was, quotes and lines included", async () => {
    const setting = await newSetting()
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    const ca = "it's one $HOME\nin two lines"
    const environment = { LATCHKEY_AZURE_URL: `https://127.0.0.1:${port}`, LATCHKEY_AZURE_CA: ca }
    const pieces: string[] = []
    const stdout = { write: (text: string | Uint8Array) => pieces.push(String(text)) > 0 }
    expect(await up({ ...setting, environment, stdout, names: ["azure"] })).toBe(0)
    const script = `${pieces.join("")}printf %s "$LATCHKEY_AZURE_CA"`
    expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toBe(ca)
  })

  it("starts one server when two of them run at once", async () => {
    const { folder } = await newPlace()
    const program = `
      import { up } from "./test/servers/commands.ts"
      import { fakeDefinitions } from "./test/servers/fake/definitions.ts"
      const { stdout, stderr } = process
      const environment = { LATCHKEY_SERVERS_FROM: "native" }
      const setting = { names: ["moto"], folder: process.argv.at(-1), environment, stdout, stderr }
      process.exitCode = await up({ ...setting, definitions: fakeDefinitions() })
    `
    const both = await Promise.all([
      runChild(program, { args: [folder] }),
      runChild(program, { args: [folder] }),
    ])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(both[0].stdout).toMatch(/^export LATCHKEY_MOTO_URL=/m)
    expect(both[1].stdout).toBe(both[0].stdout)
  })
})

describe("down", () => {
  it("ends what up has started, and waits until it is gone", async () => {
    const setting = await newSetting()
    await up(setting)
    const started = readRecord(setting.folder, "moto")?.process
    expect(await down(setting)).toBe(0)
    expect(started && isAlive(started)).toBe(false)
    expect(setting.output()).toMatch(/^# moto has ended\nunset LATCHKEY_MOTO_URL\n$/m)
    expect(readRecord(setting.folder, "moto")).toBeUndefined()
  })

  it("says nothing, and does nothing, where nothing is up", async () => {
    const setting = await newSetting()
    expect(await down(setting)).toBe(0)
    expect(setting.output()).toBe("")
  })

  it("leaves alone a process that got the number of one that died", async () => {
    const setting = await newSetting()
    await up(setting)
    const record = readRecord(setting.folder, "moto")
    if (record?.process === undefined) throw new Error("there is no process")
    await stopProcess(record.process)
    const bystander = await newBystander()
    writeRecord(setting.folder, { ...record, process: { ...record.process, pid: bystander.pid } })
    await down(setting)
    expect(bystander.lives()).toBe(true)
    expect(readRecord(setting.folder, "moto")).toBeUndefined()
  })

  it("leaves a server to the test run that uses it, with which it ends", async () => {
    const setting = await newSetting()
    const holder = await newBystander()
    await up(setting)
    await up({ ...setting, holder })
    const started = readRecord(setting.folder, "moto")?.process
    await down(setting)
    expect(setting.output()).toContain("# moto is still used by a test run, and ends with it\n")
    expect(started && isAlive(started)).toBe(true)
    await release(setting.folder, holder)
    expect(started && isAlive(started)).toBe(false)
  })
})

describe("the end of a test run", () => {
  it("ends what the run has started", async () => {
    const setting = await newSetting()
    const holder = await newBystander()
    await up({ ...setting, holder })
    await release(setting.folder, holder)
    expect(readRecord(setting.folder, "moto")).toBeUndefined()
  })

  it("leaves what up had started before", async () => {
    const setting = await newSetting()
    const holder = await newBystander()
    await up(setting)
    await up({ ...setting, holder })
    await release(setting.folder, holder)
    expect(readRecord(setting.folder, "moto")).toMatchObject({ kept: true, holders: [] })
  })

  it("leaves what another run uses, and does not wait for one that crashed", async () => {
    const setting = await newSetting()
    const [one, other, crashed] = [await newBystander(), await newBystander(), await newDead()]
    for (const holder of [one, other, crashed]) await up({ ...setting, holder })
    await release(setting.folder, one)
    expect(readRecord(setting.folder, "moto")?.holders).toMatchObject([{ pid: other.pid }])
    await release(setting.folder, other)
    expect(readRecord(setting.folder, "moto")).toBeUndefined()
  })
})

describe("the end of a program that got a server", () => {
  it("ends it, unless the program is part of a test run, whose other parts still use it", async () => {
    const setting = await newSetting()
    const run = await newBystander()
    onTestFinished(() => void vi.unstubAllEnvs())
    vi.stubEnv("LATCHKEY_SERVERS_STATE", setting.folder)
    await up({ ...setting, holder: run })

    vi.stubEnv(RUN_VARIABLE, JSON.stringify(run))
    await letGo()
    expect(readRecord(setting.folder, "moto")?.holders).toMatchObject([{ pid: run.pid }])

    vi.stubEnv(RUN_VARIABLE, undefined)
    await up({ ...setting, holder: thisProcess() })
    await release(setting.folder, run)
    expect(readRecord(setting.folder, "moto")?.holders).toMatchObject([{ pid: process.pid }])
    await letGo()
    expect(readRecord(setting.folder, "moto")).toBeUndefined()
  })
})

describe("status and logs", () => {
  it("shows where a server is, whose process it is, and whether it is well", async () => {
    const setting = await newSetting()
    await status(setting)
    expect(setting.output()).toMatch(/moto +0\.0\.0 +not up/)
    await up(setting)
    const pid = readRecord(setting.folder, "moto")?.process?.pid
    await status(setting)
    expect(setting.output()).toMatch(
      new RegExp(`moto +1\\.2\\.3 +http://127\\.0\\.0\\.1:\\d+ +${pid} +native +healthy +\\d+ s`),
    )
  })

  it("says of a server that died that it is not healthy", async () => {
    const setting = await newSetting()
    await up(setting)
    const started = readRecord(setting.folder, "moto")?.process
    if (started !== undefined) await stopProcess(started)
    await status(setting)
    expect(setting.output()).toContain("not healthy")
  })

  it("says by which variable a server was found that is not ours", async () => {
    const setting = await newSetting()
    const environment = { ...setting.environment, LATCHKEY_MOTO_URL: "http://127.0.0.1:9" }
    await status({ ...setting, environment })
    expect(setting.output()).toMatch(/http:\/\/127\.0\.0\.1:9 +LATCHKEY_MOTO_URL +not healthy/)
  })

  it("shows the log of a server also when it did not start", async () => {
    const setting = await newSetting()
    await up({ ...setting, definitions: fakeDefinitions({ behaviour: "dies" }) })
    const before = setting.output().length
    await logs(setting)
    expect(setting.output().slice(before)).toBe("== moto\n  the disk is full\n")
  })
})
