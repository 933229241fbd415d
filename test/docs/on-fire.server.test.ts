import { readFile, symlink } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type OwnVault, ownVault, ServerUnavailable } from "../servers/index.ts"
import { type Ran, Reader, type Step, stepsOf } from "./walk-through-reader.ts"

const PAGE = "docs/when-everything-is-on-fire.md"
const CONFIG = fileURLToPath(new URL("on-fire.config.ts", import.meta.url))
const POLICY = fileURLToPath(new URL("../../docs/permissions/vault-kv2-rotation.hcl", import.meta.url))
const BESIDE = "latchkey/rotation/auth/session-key"
const ROTATE = "npx latchkey rotate auth/session-key"

/** What goes wrong, see on-fire.config.ts. */
type Mode =
  | "well"
  | "down"
  | "same"
  | "minted, answer lost"
  | "minted"
  | "no-overlap"
  | "no-overlap, refuses"
  | "cannot be ended"

let vault: OwnVault
let steps: readonly Step[]
let unavailable: string | undefined

beforeAll(async () => {
  steps = (await stepsOf(PAGE)).filter(({ does }) => does === "run")
  try {
    vault = await ownVault("vault")
  } catch (thrown) {
    if (!(thrown instanceof ServerUnavailable) || process.env.CI === "true") throw thrown
    unavailable = thrown.message
  }
}, 300_000)

afterAll(async () => await vault?.close())

/** A person in front of a fresh secret, who follows the page. */
class Person {
  readonly #reader: Reader

  private constructor(reader: Reader) {
    this.#reader = reader
  }

  static async come(): Promise<Person> {
    const { url, rootToken } = vault
    for (const path of [...(await below(BESIDE)), "auth/session-key"])
      await call("DELETE", `secret/metadata/${path}`)
    const reader = await Reader.sitDown({ VAULT_ADDR: url, VAULT_TOKEN: rootToken })
    await reader.install(["latchkey", "node-vault"])
    await symlink(CONFIG, join(reader.folder, "latchkey.config.ts"))
    const person = new Person(reader)
    await person.is("well")
    await person.follow("When everything is on fire")
    return person
  }

  /** From now on the far side, or the plan, is like this. */
  async is(mode: Mode): Promise<void> {
    await this.#reader.write("mode", mode)
  }

  async run(text: string): Promise<Ran> {
    return await this.#reader.run(text)
  }

  /** The secret is there, rotated once, and nothing is on its way. */
  async rotated(): Promise<void> {
    await this.well(`${ROTATE} --wait`)
    expect(await journal()).toMatchObject({ state: "idle" })
  }

  async well(text: string): Promise<string> {
    const { code, output } = await this.run(text)
    expect(code, `${text}\n${output}`).toBe(0)
    return output
  }

  /** The status says that it is blocked, and why. */
  async isBlocked(reason: string): Promise<void> {
    const { code } = await this.run("npx latchkey rotate --status")
    expect(code).toBe(3)
    expect(await journal()).toMatchObject({ state: "blocked", reason })
  }

  /** Does what stands below a heading of the page, and gives back what was printed. */
  async follow(heading: string): Promise<string> {
    const own = steps.filter(step => step.heading === heading)
    expect(own.length, heading).toBeGreaterThan(0)
    let printed = ""
    for (const { text, line } of own) {
      const { code, output } = await this.run(text)
      expect(code, `${PAGE}, line ${line}\n${output}`).toBe(0)
      printed += output
    }
    return printed
  }
}

async function call(method: string, path: string, body?: object): Promise<Record<string, never> | undefined> {
  const answer = await fetch(`${vault.url}/v1/${path}`, {
    method,
    headers: { "X-Vault-Token": vault.rootToken },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (answer.status === 404) return undefined
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`)
  return answer.status === 204 ? {} : ((await answer.json()) as Record<string, never>)
}

/** Everything that is kept below a path, whole names. */
async function below(path: string): Promise<string[]> {
  const answer = (await call("LIST", `secret/metadata/${path}`)) as { data: { keys: string[] } } | undefined
  return (answer?.data.keys ?? []).map(key => `${path}/${key}`)
}

async function held(path: string): Promise<string | undefined> {
  const answer = (await call("GET", `secret/data/${path}`)) as
    | { data: { data: { value: string } } }
    | undefined
  return answer?.data.data.value
}

const journal = async () => JSON.parse((await held(`${BESIDE}/journal`)) ?? "null")
const secret = async () => await held("auth/session-key")
const writeByHand = async (path: string, value: string) =>
  await call("POST", `secret/data/${path}`, { data: { value } })

/** Makes the journal say that whoever wrote it should have been done long ago, as it does some minutes later. */
async function leaseIsOver(): Promise<void> {
  await writeByHand(`${BESIDE}/journal`, JSON.stringify({ ...(await journal()), leaseUntil: 0 }))
}

describe("Whoever does what docs/when-everything-is-on-fire.md says", { timeout: 240_000 }, () => {
  beforeEach(context => {
    if (unavailable !== undefined) context.skip(unavailable)
  })

  it("sees where it stands", async () => {
    const person = await Person.come()
    await person.well(ROTATE)
    const printed = await person.follow("See where it stands")
    expect(printed).toContain('"state": "promoted"')
    expect(printed).toMatch(/^journal$/m)
    expect(printed).not.toContain(await secret())
  })

  it("ends a leaked key at once", async () => {
    const person = await Person.come()
    await person.rotated()
    const leaked = await secret()
    await person.follow("A key has leaked")
    expect(await secret()).not.toBe(leaked)
    expect(await journal()).toMatchObject({ state: "idle" })
  })

  it("goes back from a bad key", async () => {
    const person = await Person.come()
    await person.rotated()
    const good = await secret()
    await person.well(`${ROTATE}`)
    expect(await secret()).not.toBe(good)
    await person.follow("The new key is bad")
    expect(await secret()).toBe(good)
    await person.well(`${ROTATE} --wait`)
    expect(await secret()).toBe(good)
  })

  it("stops all rotations, and lets them go on", async () => {
    const person = await Person.come()
    const policy = await readFile(POLICY, "utf8")
    const own = 'path "secret/data/auth/*" { capabilities = ["create", "read", "update"] }\n'
    await call("PUT", "sys/policies/acl/rotator", { policy: policy + own })
    const made = (await call("POST", "auth/token/create", { policies: ["rotator"] })) as unknown as {
      auth: { client_token: string }
    }
    const rotate = `VAULT_TOKEN=${made.auth.client_token} ${ROTATE}`
    await person.well(`${rotate} --wait`)
    const before = await secret()

    const [stop, goOn] = steps.filter(({ heading }) => heading === "Stop all rotations")
    await person.well(stop?.text ?? "")
    const stopped = await person.run(rotate)
    expect(stopped.code, stopped.output).toBe(1)
    expect(stopped.output).toContain("reading or writing it is not permitted")
    expect(await secret()).toBe(before)
    expect(await journal()).toMatchObject({ state: "idle" })

    await person.well(goOn?.text ?? "")
    await person.well(`${rotate} --impatient`)
    expect(await secret()).not.toBe(before)
  })

  it("lets go where a person has changed the secret, and keeps what they wrote until the next rotation", async () => {
    const person = await Person.come()
    await person.rotated()
    await person.well(ROTATE)
    await writeByHand("auth/session-key", "written-by-a-person")
    await person.run(`${ROTATE} --wait`)
    await person.isBlocked("changed-by-hand")
    expect(await secret()).toBe("written-by-a-person")
    await person.follow("changed-by-hand")
    expect(await journal()).toMatchObject({ state: "promoted", adopted: true })
    expect(await secret()).not.toBe("written-by-a-person")
  })

  it("goes on after a possible orphan", async () => {
    const person = await Person.come()
    await person.is("minted, answer lost")
    expect((await person.run(ROTATE)).code).toBe(1)
    await leaseIsOver()
    await person.run(`${ROTATE} --impatient`)
    await person.isBlocked("possible-orphan")
    await person.is("minted")
    await person.follow("possible-orphan")
    expect(await journal()).toMatchObject({ state: "promoted" })
  })

  it("begins anew where the candidate is gone", async () => {
    const person = await Person.come()
    await person.rotated()
    const before = await secret()
    await person.is("down")
    expect((await person.run(ROTATE)).code).toBe(1)
    for (const path of await below(BESIDE))
      if (!path.endsWith("/journal")) await call("DELETE", `secret/metadata/${path}`)
    await person.is("well")
    await leaseIsOver()
    await person.run(`${ROTATE} --impatient`)
    await person.isBlocked("candidate-gone")
    expect(await secret()).toBe(before)
    await person.follow("candidate-gone")
    expect(await journal()).toMatchObject({ state: "promoted" })
  })

  it("goes on where the far side refused the new one without an overlap", async () => {
    const person = await Person.come()
    await person.is("no-overlap, refuses")
    // One that is refused is applied again a few times before a person is asked.
    for (let tries = 0; tries < 12 && (await journal())?.state !== "blocked"; tries++)
      await person.run(`${ROTATE} --impatient`)
    await person.isBlocked("refused-without-overlap")
    await person.is("no-overlap")
    await person.follow("refused-without-overlap")
    expect(await journal()).toMatchObject({ state: "promoted" })
  })

  it("lets go where the old and the new one are the same", async () => {
    const person = await Person.come()
    await person.rotated()
    await person.is("same")
    await person.run(`${ROTATE} --wait`)
    await person.isBlocked("same-credential")
    await person.follow("same-credential")
    expect(await journal()).toMatchObject({ state: "idle" })
  })

  it("lets go of an old one that cannot be ended", async () => {
    const person = await Person.come()
    await person.rotated()
    await person.is("cannot be ended")
    expect((await person.run(`${ROTATE} --wait --timeout 60s`)).code).not.toBe(0)
    expect(await journal()).toMatchObject({ state: "retiring" })
    const current = await secret()
    await leaseIsOver()
    await person.follow("The old one cannot be ended")
    expect(await journal()).toMatchObject({ state: "idle" })
    expect(await secret()).toBe(current)
    await person.is("well")
    await person.well(ROTATE)
    expect(await secret()).not.toBe(current)
  })

  it("takes it from a process that is gone", async () => {
    const person = await Person.come()
    await person.rotated()
    const old = await secret()
    await person.is("down")
    await person.run(ROTATE)
    // As it is left by a process that was killed in the middle of a step: held until its lease is over.
    const left = { ...(await journal()), owner: "somebody-else", leaseUntil: Date.now() + 120_000 }
    await writeByHand(`${BESIDE}/journal`, JSON.stringify(left))
    await person.is("well")
    expect((await person.run(ROTATE)).code).toBe(5)
    await person.follow("Somebody holds it who is gone")
    expect(await secret()).not.toBe(old)
  })

  it("brings back a garbled journal", async () => {
    const person = await Person.come()
    await person.rotated()
    const before = await journal()
    await writeByHand(`${BESIDE}/journal`, "{ garbled")
    const refused = await person.run(ROTATE)
    expect(refused.code).toBe(1)
    expect(refused.output).toContain("garbled")
    await person.follow("The journal is garbled")
    expect(await journal()).toEqual(before)
    await person.well(`${ROTATE} --wait`)
  })

  it("removes what is kept, and goes on with a secret whose journal is lost", async () => {
    const person = await Person.come()
    await person.rotated()
    await person.is("down")
    await person.run(ROTATE)
    expect((await below(BESIDE)).length).toBeGreaterThan(1)
    const before = await secret()
    await person.follow("Remove what is kept")
    expect(await below(BESIDE)).toEqual([])
    expect(await secret()).toBe(before)
    await person.is("well")
    await person.well(ROTATE)
    expect(await journal()).toMatchObject({ state: "promoted", adopted: true })
  })
})

it("says of every reason why a rotation is blocked what to do", async () => {
  const page = await readFile(fileURLToPath(new URL(`../../${PAGE}`, import.meta.url)), "utf8")
  const source = await readFile(
    fileURLToPath(new URL("../../src/core/rotation-journal.ts", import.meta.url)),
    "utf8",
  )
  const reasons =
    /const REASONS[^[]*\[\][^[]*\[([^\]]*)\]/.exec(source)?.[1]?.match(/[a-z]+(?:-[a-z]+)+/g) ?? []
  expect(reasons.length).toBeGreaterThan(4)
  expect(reasons.filter(reason => !page.includes(`\n### ${reason}\n`))).toEqual([])
})
