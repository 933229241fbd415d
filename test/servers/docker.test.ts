import { once } from "node:events"
import { readFile, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import { delimiter, join } from "node:path"
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest"
import { eventually } from "../support/eventually.ts"
import { down } from "./commands.ts"
import { definitions } from "./definitions/index.ts"
import { hasDocker } from "./docker.ts"
import { ensure } from "./ensure.ts"
import { fakeDefinitions } from "./fake/definitions.ts"
import { newFolder, newPlace, newSetting } from "./fake/place.ts"
import { thisProcess } from "./system/identity.ts"
import { checkout } from "./system/place.ts"
import { readFailure, readRecord, writeRecord } from "./system/records.ts"

afterEach(() => void vi.unstubAllEnvs())

describe("a Docker engine", () => {
  it("is there only if it answers: the command alone is not enough", async () => {
    await newDocker("down")
    expect(await hasDocker()).toBe(false)
    await newDocker("up")
    expect(await hasDocker()).toBe(true)
  })

  it("is taken before a process is started, and its container is ended by down", async () => {
    const docker = await newDocker("up")
    const { folder } = await newPlace()
    const options = {
      folder,
      environment: {},
      definitions: fakeDefinitions({ image: true }),
      report: () => undefined,
    }
    const { server, found } = await ensure("moto", options)
    expect({ server, found }).toMatchObject({
      found: "docker",
      server: { url: docker.url, version: "7.0.0" },
    })
    expect(await docker.calls()).toContainEqual(expect.stringMatching(/compose .*up --detach --wait .*moto$/))

    // What runs is found by its container, and not started again.
    const before = (await docker.calls()).filter(call => call.includes(" up ")).length
    expect(await ensure("moto", options)).toEqual({ server, found })
    expect((await docker.calls()).filter(call => call.includes(" up "))).toHaveLength(before)

    await down({ ...(await newSetting()), folder, names: ["moto"] })
    expect((await docker.calls()).at(-1)).toBe("rm --force --volumes c0ffee")
    expect(readRecord(folder, "moto")).toBeUndefined()
  })

  it("that does not answer is passed over for a process", async () => {
    await newDocker("down")
    const place = await newPlace()
    const asked = ensure("moto", { ...place, environment: {}, definitions: fakeDefinitions({ image: true }) })
    await expect(asked).resolves.toMatchObject({ found: "native" })
  })

  it("is passed over where the environment says so", async () => {
    const docker = await newDocker("up")
    const place = await newPlace()
    const asked = ensure("moto", { ...place, definitions: fakeDefinitions({ image: true }) })
    await expect(asked).resolves.toMatchObject({ found: "native" })
    expect(await docker.calls()).toEqual([])
  })

  it("that fails is the reason why a server is not to be had", async () => {
    await newDocker("failing")
    const place = await newPlace()
    const asked = ensure("moto", { ...place, environment: {}, definitions: fakeDefinitions({ image: true }) })
    await expect(asked).rejects.toThrow("docker compose up failed\n  no space left on device")
  })

  it("leaves nothing of a container that did not start, or does not answer", async () => {
    for (const state of ["failing", "ailing"] as const) {
      const docker = await newDocker(state)
      const place = await newPlace()
      const options = { ...place, environment: {}, definitions: fakeDefinitions({ image: true }) }
      await expect(ensure("moto", options)).rejects.toThrow(
        state === "failing" ? "no space left" : "does not answer",
      )
      expect((await docker.calls()).at(-1)).toBe("rm --force --volumes c0ffee")
      expect(readRecord(place.folder, "moto")).toBeUndefined()
    }
  })

  it("leaves nothing of a container whose start is stopped, and says that it was stopped", async () => {
    const docker = await newDocker("waiting")
    const place = await newPlace()
    const stopping = new AbortController()
    const options = { ...place, environment: {}, definitions: fakeDefinitions({ image: true }) }
    const asked = ensure("moto", { ...options, holder: thisProcess(), signal: stopping.signal })
    const stopped = expect(asked).rejects.toBe("enough")
    await eventually(async () =>
      expect((await docker.calls()).some(call => call.includes(" up "))).toBe(true),
    )
    // Whoever finds this, if nobody were left to remove it, knows of it.
    expect(readRecord(place.folder, "moto")).toMatchObject({ found: "docker" })
    stopping.abort("enough")
    await stopped
    expect((await docker.calls()).at(-1)).toBe("rm --force --volumes c0ffee")
    expect(readRecord(place.folder, "moto")).toBeUndefined()
    expect(readFailure(place.folder, "moto", `${thisProcess().pid} ${thisProcess().started}`)).toBeUndefined()
  })

  it("removes the container that somebody who crashed was starting, before it starts one", async () => {
    const docker = await newDocker("up")
    const { folder } = await newPlace()
    const since = new Date().toISOString()
    writeRecord(folder, { name: "moto", found: "docker", since, kept: true, holders: [] })
    const definitions = fakeDefinitions({ image: true })
    await ensure("moto", { folder, environment: {}, definitions, report: () => undefined })
    const calls = await docker.calls()
    const removed = calls.indexOf("rm --force --volumes c0ffee")
    expect(removed).toBeGreaterThan(-1)
    expect(calls.findIndex(call => call.includes(" up "))).toBeGreaterThan(removed)
  })

  it("may be the only way that is allowed", async () => {
    await newDocker("down")
    const place = await newPlace()
    const environment = { LATCHKEY_SERVERS_FROM: "docker" }
    const asked = ensure("moto", { ...place, environment, definitions: fakeDefinitions({ image: true }) })
    await expect(asked).rejects.toThrow("no Docker engine answers")
  })
})

describe("docker-compose.test.yml", () => {
  it("has each service that a server asks for, with a health check and no port but on 127.0.0.1", async () => {
    const file = await readFile(join(checkout, "docker-compose.test.yml"), "utf8")
    const services = new Map(
      [...file.matchAll(/^ {2}([\w-]+):\n((?: {4}.*\n|\n)+)/gm)].map(([, name = "", body = ""]) => [
        name,
        body,
      ]),
    )
    for (const { name, docker } of Object.values(definitions)) {
      if (docker === undefined) continue
      expect(services.get(name), name).toContain("healthcheck:")
      if (!docker.sharesNetwork) expect(services.get(name), name).toContain(`"127.0.0.1::${docker.port}"`)
    }
    const published = [...file.matchAll(/ports: \[(.*)\]/g)].flatMap(([, ports = ""]) => ports.split(", "))
    expect(published.length).toBeGreaterThan(0)
    expect(published.filter(port => !port.startsWith('"127.0.0.1:'))).toEqual([])
  })
})

/** Puts a command named docker on the PATH that answers as an engine in this state does, and writes down its calls. */
async function newDocker(state: "up" | "down" | "failing" | "ailing" | "waiting") {
  const server = createServer((_, response) => response.end('{"version":"7.0.0"}')).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const folder = await newFolder()
  await writeFile(join(folder, "calls"), "")
  const script = `#!/bin/sh
echo "$*" >> ${folder}/calls
case "${state} $*" in
  "down "*) echo "Cannot connect to the Docker daemon" >&2; exit 1 ;;
  "failing compose --project-name"*" up "*) echo "no space left on device" >&2; exit 1 ;;
  "waiting compose --project-name"*" up "*) exec sleep 600 ;;
  "ailing "*" port moto 5000") echo 127.0.0.1:9 ;;
  *" info "*) echo 28.0.0 ;;
  *" compose version") echo v2 ;;
  *" ps --quiet moto"|*" ps --all --quiet moto") echo c0ffee ;;
  *" port moto 5000") echo 127.0.0.1:${port} ;;
  *" inspect "*) echo true ;;
esac
`
  await writeFile(join(folder, "docker"), script, { mode: 0o755 })
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env.PATH}`)
  return {
    url: `http://127.0.0.1:${port}`,
    calls: async () =>
      (await readFile(join(folder, "calls"), "utf8")).split("\n").filter(line => line !== ""),
  }
}
