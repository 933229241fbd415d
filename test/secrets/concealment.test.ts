import { Session } from "node:inspector/promises"
import { inspect } from "node:util"
import { serialize } from "node:v8"
import { describe, expect, it } from "vitest"
import type { Change } from "../../src/core/index.ts"
import { rotating, Secrets } from "../../src/secrets/index.ts"
import { expectNoLeak, leaksIn, newCanary, unregisteredCanary } from "../support/canary.ts"
import { type TallyRig, TOKEN, tallyRig } from "../support/tally-rig.ts"

const DEEP = { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true } as const

/** One of everything that is handed out to a program. */
async function everything(rig: TallyRig) {
  const { secrets, change, value, canary, failure, clock } = rig
  const { db } = await secrets.getMany({ db: { name: "db", format: "json" } })
  const handles = {
    text: await secrets.get(TOKEN),
    bytes: await secrets.getBytes("bytes"),
    field: await secrets.get("db#password"),
    json: db,
    derived: (await secrets.get(TOKEN)).map(token => ({ token, bytes: canary.bytes })),
    checked: await secrets.get(TOKEN, { schema: wrapping }),
  }
  const pool = await rotating(handles.text, connection => () => connection)
  const changes: Change<unknown>[] = []
  for (const secret of Object.values(handles)) secret.onRotate(told => void changes.push(told))
  await change(value("second"))
  await change(`${value("refused")}`, "db")
  await clock.settle()
  const previous = handles.text.previous
  const errors = [
    await failure(secrets.get("db#missing")),
    await failure(secrets.getMany({ one: "missing", other: "db#nothing" })),
    await failure(secrets.put(TOKEN, `${value("lone")}\ud800`)),
    await failure(secrets.put(TOKEN, value("conflict"), { expect: "absent" })),
    await failure(secrets.getJson(TOKEN)),
  ]
  return { secrets, handles, pool, changes, previous, errors, health: secrets.health(), said: rig.said }
}

const wrapping = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) => ({ value: { wrapped: String(value) } }),
  },
}

const stocked = (): TallyRig =>
  tallyRig({}, value => ({
    db: JSON.stringify({ password: value("password") }),
    bytes: Uint8Array.of(0xff, ...new TextEncoder().encode(value("bytes"))),
  }))

describe("everything that Secrets hands out", () => {
  it("gives no value to whoever prints, inspects, serialises, copies or looks through it", async () => {
    const rig = stocked()
    const { canary } = rig
    const all = await everything(rig)
    expect(all.changes.length).toBeGreaterThanOrEqual(3)
    expect(all.said.map(({ is }) => is)).toContain("refused")
    for (const [what, thing] of Object.entries(all)) expect(leaksIn(canary, thing), what).toEqual([])
    expectNoLeak(canary, {
      deep: [[[{ all }]]],
      map: new Map([["all", all.handles]]),
      set: new Set([all.pool]),
    })
    expectNoLeak(canary, inspect(all, DEEP), inspect(all, { ...DEEP, customInspect: false }))
  })

  it("shows the name of the secret, at any depth", async () => {
    const { handles } = await everything(stocked())
    const shown = inspect({ a: { b: { c: { d: [handles] } } } }, DEEP)
    expect(shown).toContain(`Secret‹${TOKEN}›`)
    expect(shown).toContain("Secret‹db#password›")
    expect(`${handles.text}`).toBe(`Secret‹${TOKEN}›`)
    expect(JSON.stringify(handles)).toBe(
      JSON.stringify({
        text: `Secret‹${TOKEN}›`,
        bytes: "Secret‹bytes›",
        field: "Secret‹db#password›",
        json: "Secret‹db›",
        derived: `Secret‹${TOKEN}›`,
        checked: `Secret‹${TOKEN}›`,
      }),
    )
  })

  it("is copied without a value, or not at all", async () => {
    const rig = stocked()
    const { handles, pool, changes, previous } = await everything(rig)
    for (const thing of [...Object.values(handles), pool, changes, previous, rig.secrets]) {
      for (const copy of [
        () => structuredClone(thing),
        () => serialize(thing),
        () => ({ ...(thing as object) }),
      ]) {
        let copied: unknown
        try {
          copied = copy()
        } catch (refusal) {
          copied = refusal
        }
        expectNoLeak(rig.canary, copied)
        expect(typeof (copied as { reveal?: unknown }).reveal).toBe("undefined")
      }
    }
  })

  it("is refused by an HTTP header where a reveal() was forgotten", async () => {
    const { handles } = await everything(stocked())
    for (const secret of [handles.text, handles.field, handles.derived]) {
      expect(() => new Headers({ authorization: `Bearer ${secret}` })).toThrow(TypeError)
      expect(() => new Request("http://127.0.0.1", { headers: { "x-token": String(secret) } })).toThrow(
        TypeError,
      )
    }
  })

  it("shows no value on a console with a debugger attached", async () => {
    const rig = stocked()
    const all = await everything(rig)
    const calls = await consoleCalls(() => {
      for (const [what, thing] of Object.entries(all)) console.debug(what, thing)
      for (const [what, handle] of Object.entries(all.handles))
        console.debug(what, handle, { handle }, [handle])
      for (const change of all.changes) console.debug(change, change.current, change.previous)
    })
    expect(calls).toHaveLength(Object.keys(all).length + Object.keys(all.handles).length + all.changes.length)
    expect(JSON.stringify(calls)).toContain('"preview"')
    expectNoLeak(rig.canary, JSON.stringify(calls))
  })

  it("reveals what it hides when it is asked to", async () => {
    const rig = stocked()
    const { handles, changes, previous, pool } = await everything(rig)
    expect(handles.text.reveal()).toBe(rig.value("second"))
    expect(handles.derived.reveal()).toEqual({ token: rig.value("second"), bytes: rig.canary.bytes })
    expect(previous?.reveal()).toBe(rig.value("first"))
    expect(changes[0]?.current.reveal()).toBe(rig.value("second"))
    expect(pool.current()()).toBe(rig.value("second"))
  })
})

describe("a console with a debugger attached", () => {
  it("would show a text in a private field", async () => {
    const canary = unregisteredCanary()
    class Careless {
      readonly #text = canary.text
      get length(): number {
        return this.#text.length
      }
    }
    const careless = new Careless()
    const calls = await consoleCalls(() => console.debug(careless))
    expect(leaksIn(canary, JSON.stringify(calls))).not.toEqual([])
  })
})

describe("an error that ends a program", () => {
  it("quotes neither the value nor what was thrown at us", async () => {
    const canary = newCanary()
    const { saidOf, secrets, store, failure, clock } = tallyRig()
    store.faults.throw("read", Object.assign(new Error(canary.text), { response: { body: canary.text } }), {
      times: 1,
    })
    const failing = failure(secrets.get("missing"))
    await clock.advance("1s")
    const error = await failing
    expect(error.code).toBe("NOT_FOUND")
    const [failed] = saidOf("failed")
    expect(failed?.error.message).toContain("(Error)")
    expectNoLeak(canary, error, failed, inspect(error, DEEP), error.stack)
    expect(secrets).toBeInstanceOf(Secrets)
  })
})

/** What a debugger is told of the calls of the console: their arguments, with previews. */
async function consoleCalls(run: () => void): Promise<unknown[]> {
  const session = new Session()
  session.connect()
  const calls: unknown[] = []
  const { debug } = console
  session.on("Runtime.consoleAPICalled", ({ params }) => void calls.push(params.args))
  try {
    await session.post("Runtime.enable")
    // The test's own console writes nothing to the debugger; the machine's own does, and should not write elsewhere.
    console.debug = await inspectorConsole()
    run()
    await session.post("Runtime.disable")
  } finally {
    console.debug = debug
    session.disconnect()
  }
  return calls
}

/** The console method that tells debuggers alone. */
async function inspectorConsole(): Promise<typeof console.debug> {
  const { console: own } = await import("node:inspector")
  return own.debug.bind(own) as typeof console.debug
}
