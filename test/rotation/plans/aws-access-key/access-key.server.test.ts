import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  ListAccessKeysCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Credential, MintedPlan } from "../../../../src/rotation/plan.ts"
import { awsAccessKey } from "../../../../src/rotation/plans/aws-access-key/index.ts"
import { errorOf } from "../../../providers/aws/play.ts"
import { describeOn } from "../../../servers/cases.ts"
import { newCanary } from "../../../support/canary.ts"
import { type StrictMoto, strictMoto } from "./strict-moto.ts"

const CONSUMERS = { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" } as const
const step = { name: "ci/key", rotationId: "r1", fence: 1, signal: new AbortController().signal }
const making = (current?: Credential) => ({
  ...step,
  current,
  label: "label",
  scopes: [],
  grace: 0,
  propagation: 0,
})

// The group waits for the moto that all share, so that it is installed.
describeOn("moto", () => {
  let moto: StrictMoto
  let users = 0
  beforeAll(async () => {
    moto = await strictMoto()
  })
  afterAll(async () => await moto.close())

  /** A user, and the plan with a client that may do just what the plan says that it needs. */
  async function scene(more: { readonly exclusive?: boolean } = {}) {
    const user = `app-${++users}`
    await moto.user(user)
    const parts = { user, consumers: CONSUMERS, sts: { endpoint: moto.url }, ...more }
    const { needs = [] } = awsAccessKey({ iam: moto.anybody, ...parts })
    const actions = needs.join(" ").match(/iam:\w+/g) ?? []
    // moto looks at actions, and not at which user they are for.
    const iam = await moto.clientOf(actions, "*")
    const keys = async () => {
      const { AccessKeyMetadata = [] } = await moto.anybody.send(
        new ListAccessKeysCommand({ UserName: user }),
      )
      return AccessKeyMetadata.map(({ AccessKeyId, Status }) => [AccessKeyId, Status])
    }
    return { user, plan: awsAccessKey({ iam, ...parts }), keys }
  }

  const idOf = (credential: Credential): string => String(credential.id)

  describe("an access key", () => {
    it("is minted, works, and is refused after it was revoked, by a client that may do what the plan needs", async () => {
      const { plan, keys } = await scene()
      const old = await plan.mint(making())
      expect(await plan.identify?.(old.value, step)).toBe(old.id)
      expect(await plan.verify(old, step)).toBe("works")
      const minted = await plan.mint(making(old))
      expect(Object.keys(JSON.parse(String(minted.value)))).toEqual(["accessKeyId", "secretAccessKey"])
      expect((await plan.listMinted?.(step))?.map(({ id }) => id).sort()).toEqual(
        [idOf(old), idOf(minted)].sort(),
      )
      expect(await plan.verify(minted, step)).toBe("works")
      expect(await plan.verifyOld?.(old, step)).toBe("works")
      await plan.revoke(old, step)
      expect(await plan.verifyOld?.(old, step)).toBe("refused")
      expect(await plan.verifyOld?.({ id: idOf(old) }, step)).toBe("refused")
      expect(await plan.verify(minted, step)).toBe("works")
      expect(await keys()).toEqual([[minted.id, "Active"]])
      await plan.revoke(old, step)
      await plan.revoke({ value: minted.value }, step)
      expect(await keys()).toEqual([])
    })

    it("is refused when its secret is another, or it is unknown, or no key at all", async () => {
      const { plan } = await scene()
      const minted = await plan.mint(making())
      const wrong = { ...JSON.parse(String(minted.value)), secretAccessKey: "another-secret" }
      expect(await plan.verify({ value: JSON.stringify(wrong) }, step)).toBe("refused")
      const unknown = { ...wrong, accessKeyId: "AKIAIOSFODNN7EXAMPLE" }
      expect(await plan.verify({ value: JSON.stringify(unknown) }, step)).toBe("refused")
      for (const value of ["", "{", '{"accessKeyId":"AKIAIOSFODNN7EXAMPLE"}', "AKIAIOSFODNN7EXAMPLE"])
        expect(await plan.verify({ value }, step)).toBe("refused")
      expect(await plan.identify?.("no key", step)).toBeUndefined()
    })

    it("of which only the id is known is dead when it is switched off, and alive when it is not", async () => {
      const { user, plan } = await scene()
      const { id = "" } = await plan.mint(making())
      expect(await plan.verifyOld?.({ id }, step)).toBe("works")
      const off = { UserName: user, AccessKeyId: id, Status: "Inactive" } as const
      await moto.anybody.send(new UpdateAccessKeyCommand(off))
      expect(await plan.verifyOld?.({ id }, step)).toBe("refused")
    })

    it("is waited for while the user has two, and it is told which they are and which is to go", async () => {
      const { user, plan } = await scene()
      const awaiting = async (current?: Credential) => await plan.awaits?.({ ...step, current, scopes: [] })
      const first = await plan.mint(making())
      expect(await awaiting(first)).toBeUndefined()
      const { AccessKey } = await moto.anybody.send(new CreateAccessKeyCommand({ UserName: user }))
      const spare = String(AccessKey?.AccessKeyId)
      const told = await awaiting(first)
      expect(told).toContain(`${first.id} (active`)
      expect(told).toContain(`aws iam delete-access-key --user-name ${user} --access-key-id ${spare}`)
      // moto knows no limit: what IAM answers then is tested with a client of the test's own.
      await moto.anybody.send(new DeleteAccessKeyCommand({ UserName: user, AccessKeyId: spare }))
      expect(await awaiting(first)).toBeUndefined()
    })

    it("is minted beside another one where all keys of the user are ours", async () => {
      const { plan } = await scene({ exclusive: true })
      await plan.mint(making())
      await plan.mint(making())
      expect(await plan.awaits?.({ ...step, current: undefined, scopes: [] })).toBeUndefined()
      expect(plan).toMatchObject({ exclusive: true, labels: false, overlap: true })
    })
  })

  describe("who is not permitted", () => {
    it("is told which action to allow on which user", async () => {
      const { user } = await scene()
      const iam = await moto.clientOf(["iam:ListAccessKeys"], "*")
      const plan = awsAccessKey({ iam, user, consumers: CONSUMERS, sts: { endpoint: moto.url } })
      const error = await errorOf(plan.mint(making()))
      expect([error.code, error.hint, error.outcome]).toEqual([
        "DENIED",
        `allow iam:CreateAccessKey on arn:aws:iam::*:user/${user}`,
        undefined,
      ])
    })

    it("and a user that does not exist, are told from each other", async () => {
      const plan = awsAccessKey({ iam: moto.anybody, user: "nobody", consumers: CONSUMERS })
      expect((await errorOf(plan.mint(making()))).code).toBe("MISCONFIGURED")
    })
  })

  it("leaves no byte of a key in anything but the credential", async () => {
    const canary = newCanary()
    const { plan } = await scene()
    const value = JSON.stringify({ accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: canary.text })
    canary.watch(plan as MintedPlan)
    canary.watch([
      await plan.verify({ value }, step),
      await plan.awaits?.({ ...step, current: { value }, scopes: [] }),
    ])
    canary.watch(await plan.verifyOld?.({ value }, step))
  })
})
