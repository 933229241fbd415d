import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import type { SecretErrorCode, SecretStore } from "../../src/core/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { rig, without } from "../support/rig.ts"

const NAMES = ["app/one", "app/two", "app/three"]
const REQUEST = Object.fromEntries(NAMES.map(name => [name, name]))

/** A store of three secrets, that reads them one by one or together. */
const failing = (together: boolean) =>
  rig(
    (clock, { text }) => {
      const store = memory(Object.fromEntries(NAMES.map(name => [name, text])), { clock })
      return faulty(together ? store : (without(store, "readMany") as SecretStore), { clock })
    },
    { startupDeadline: "10s" },
  )

describe("an error that keeps a whole store from answering names the secret that was asked for", () => {
  const cases = (["UNAUTHENTICATED", "UNAVAILABLE", "MISCONFIGURED"] as const).flatMap(code =>
    [false, true].map(together => [code, together] as const),
  )

  it.for(cases)("%s, read together: %s", async ([code, together]) => {
    const { secrets, store, clock, failure } = failing(together)
    for (const operation of ["read", "readMany"] as const)
      store.faults.fail(operation, code as SecretErrorCode)
    const asked = failure(secrets.getMany(REQUEST))
    await clock.advance("11s")
    const { problems = [] } = await asked
    expect(problems.map(({ secret }) => secret)).toEqual(NAMES)
    for (const problem of problems) expect(problem.message).toContain(`${problem.secret}: `)
  })

  it.for(["UNAUTHENTICATED", "UNAVAILABLE"] as const)("%s, for those who are told at once", async code => {
    const { secrets, store, clock, failure, said } = failing(false)
    const handles = await secrets.getMany(REQUEST)
    store.faults.fail("read", code)
    await clock.advance("6m")
    for (const name of NAMES)
      expect((await failure(secrets.refresh(name))).secret, `${name} of ${said.length}`).toBe(name)
    expect(handles["app/one"]?.status.stale).toBe(true)
  })

  it("those who ask while another one is asking", async () => {
    const { secrets, store, clock, failure } = failing(false)
    store.faults.fail("read", "UNAUTHENTICATED")
    const errors = Promise.all(NAMES.map(name => failure(secrets.get(name))))
    await clock.advance("11s")
    expect((await errors).map(({ secret }) => secret)).toEqual(NAMES)
  })
})
