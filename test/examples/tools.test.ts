import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { Secret } from "latchkey"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { textOf } from "../../examples/tally-mcp-server/demo/server-replica.ts"
import { createServer } from "../../examples/tally-mcp-server/src/server.ts"
import { TallyClient } from "../../examples/tally-mcp-server/src/tally-client.ts"
import { ToolCalls } from "../../examples/tally-mcp-server/src/tool-calls.ts"
import { TallyStandIn } from "../../examples/tally-mcp-server/stand-in/index.ts"
import { newCanary } from "../support/canary.ts"
import { eventually } from "../support/eventually.ts"

let standIn: TallyStandIn
let client: Client
let calls: ToolCalls

beforeEach(async () => {
  const token = `tly-${newCanary().text}`
  standIn = await TallyStandIn.start()
  standIn.tokens.add(token)
  const tally = new TallyClient({
    token: Secret.fixed("tally/api-token", token),
    baseUrl: standIn.url(),
    timeoutMs: 10_000,
  })
  calls = new ToolCalls()
  client = new Client({ name: "test", version: "0.1.0" })
  const [here, there] = InMemoryTransport.createLinkedPair()
  await Promise.all([createServer(tally, calls).connect(there), client.connect(here)])
})

afterEach(async () => {
  await client.close()
  await standIn.close()
})

describe("the tools", () => {
  it("are four, each described and marked as one that only reads", async () => {
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name).sort()).toEqual([
      "get_form",
      "list_forms",
      "list_submissions",
      "who_am_i",
    ])
    for (const { description, annotations } of tools) {
      expect(description).toMatch(/\w+/)
      expect(annotations?.readOnlyHint).toBe(true)
    }
  })

  it("answer as text and as structured content", async () => {
    const result = await client.callTool({ name: "list_forms", arguments: { page: 2, limit: 50 } })
    expect(result.structuredContent).toMatchObject({ page: 2, limit: 50, total: 57, hasMore: false })
    expect(JSON.parse(textOf(result.content))).toEqual(result.structuredContent)
  })

  it("walk through all pages", async () => {
    const ids: string[] = []
    for (let page = 1, more = true; more; page++) {
      const result = await client.callTool({
        name: "list_submissions",
        arguments: { formId: "form1", page, limit: 60 },
      })
      const found = result.structuredContent as { submissions: { id: string }[]; hasMore: boolean }
      ids.push(...found.submissions.map(({ id }) => id))
      more = found.hasMore
    }
    expect(new Set(ids).size).toBe(130)
    expect(standIn.requests).toHaveLength(3)
  })

  it("use the first page of fifty where nothing is said", async () => {
    await client.callTool({ name: "list_forms" })
    expect(standIn.requests[0]?.query).toBe("?page=1&limit=50")
  })

  it.each([
    ["list_forms", { page: 0 }],
    ["list_forms", { page: 1.5 }],
    ["list_forms", { limit: 501 }],
    ["list_forms", { limit: "many" }],
    ["get_form", {}],
    ["get_form", { formId: "" }],
    ["get_form", { formId: "../users/me" }],
    ["list_submissions", { formId: "form1", startDate: "yesterday" }],
    ["list_submissions", { formId: "form1", startDate: "2026-02-02", endDate: "2026-02-01" }],
  ])("refuse %s with %j before anybody is asked", async (name, input) => {
    const result = await client.callTool({ name, arguments: input })
    expect(result.isError).toBe(true)
    expect(textOf(result.content)).toContain(Object.keys(input).at(-1) ?? "formId")
    expect(standIn.requests).toHaveLength(0)
  })

  it("say what went wrong and what to do next", async () => {
    standIn.fail({ status: 429, headers: { "retry-after": "9" } })
    const result = await client.callTool({ name: "who_am_i" })
    expect(result.isError).toBe(true)
    expect(textOf(result.content)).toMatch(/slow down.*wait 9 s.*call again/)
  })
})

describe("the calls under way", () => {
  it("are waited for, but only so long", async () => {
    standIn.fail({ hang: true })
    const hanging = client.callTool({ name: "who_am_i" }).catch(() => "the connection was closed")
    await eventually(() => expect(standIn.requests).toHaveLength(1))
    const start = performance.now()
    await calls.settled(50)
    expect(performance.now() - start).toBeGreaterThanOrEqual(45)

    const settled = calls.settled(60_000)
    await client.close()
    await settled
    expect(await hanging).toBe("the connection was closed")
  })

  it("give a mistake of the program away by its kind alone", async () => {
    const { text } = newCanary()
    const result = await calls.run("broken", () => Promise.reject(new RangeError(text)))
    expect(result.isError).toBe(true)
    expect(textOf(result.content)).toContain("RangeError")
    expect(textOf(result.content)).not.toContain(text)
  })
})
