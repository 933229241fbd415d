import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import type { Setting } from "../commands.ts"
import type { EnsureOptions } from "../ensure.ts"
import { end } from "../ensure.ts"
import { readRecords } from "../system/records.ts"
import { fakeDefinitions } from "./definitions.ts"

/** A place for state, with nothing in the environment and no Docker engine; what was started there ends with the test. */
export async function newPlace(): Promise<EnsureOptions & { readonly said: string[] }> {
  const folder = await newFolder()
  const said: string[] = []
  onTestFinished(async () => {
    for (const record of readRecords(folder)) await end(folder, record)
  })
  return {
    folder,
    environment: { LATCHKEY_SERVERS_FROM: "native" },
    definitions: fakeDefinitions(),
    report: doing => said.push(doing),
    said,
  }
}

/** The same, for a command; `output` is what it printed. */
export async function newSetting(): Promise<Setting & { output(): string }> {
  const { folder, environment, definitions } = await newPlace()
  const pieces: string[] = []
  const stream = { write: (text: string | Uint8Array) => pieces.push(String(text)) > 0 }
  return {
    names: ["moto"],
    folder,
    environment,
    ...(definitions && { definitions }),
    stdout: stream,
    stderr: stream,
    output: () => pieces.join(""),
  }
}

/** An empty folder that goes with the test. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-servers-test-"))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
