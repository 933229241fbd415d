import type { GcpOptions } from "latchkey/gcp"
import { expect } from "vitest"
import type { RotationJournal, RotationLedger, SecretValue } from "../../../../src/core/index.ts"
import type { GcpServer, Method, GcpOptions as StandInOptions } from "../../../servers/gcp/index.ts"
import { eventually } from "../../../support/eventually.ts"
import { at, calm, opened, standIn } from "../support.ts"

export const NAME = "tally/api-token"
export const ID = "tally--api-token"

/** A stand-in with one secret, and the ledgers of two programs that rotate it. */
export interface Scene {
  readonly server: GcpServer
  readonly store: ReturnType<typeof opened>
  readonly ledger: RotationLedger
  readonly other: RotationLedger
  /** What a person does who gives the secret another value. */
  put(value: SecretValue): string
}

export async function scene(
  options: Partial<GcpOptions> = {},
  { standIn: made = {}, empty = false }: { standIn?: StandInOptions; empty?: boolean } = {},
): Promise<Scene> {
  const server = await standIn(made)
  const open = () => opened({ ...at(server), ...options })
  const store = open()
  const put = (value: SecretValue): string => {
    const version = server.put(ID, value)
    const { version: alias } = options
    if (alias !== undefined && alias !== "latest") server.aliases(ID, { [alias]: version })
    return version
  }
  if (!empty) put("the first value")
  return { server, store, ledger: store.rotation(), other: open().rotation(), put }
}

/** A journal, at its beginning or further. */
export function journalOf(seq: number, more: Partial<RotationJournal> = {}): RotationJournal {
  return { schema: 1, seq, state: "claimed", owner: "somebody", leaseUntil: 0, attempt: 0, ...more }
}

/** Writes a journal in place of the one before. */
export async function save(ledger: RotationLedger, seq: number, more: Partial<RotationJournal> = {}) {
  await ledger.journals?.save(NAME, journalOf(seq, more), { ...calm, expectSeq: seq - 1 })
}

/** The journal that stands now. */
export async function load(ledger: RotationLedger): Promise<RotationJournal | undefined> {
  return (await ledger.journals?.load(NAME, calm))?.journal
}

/** Parks a candidate, whose journal is the next one. */
export async function park(ledger: RotationLedger, value: SecretValue, rotationId = "r1") {
  return await ledger.park(NAME, { ...calm, rotationId, value })
}

/** Promotes a value, with the journal that is to follow. */
export async function promote(
  ledger: RotationLedger,
  more: {
    readonly value: SecretValue
    readonly rotationId?: string
    readonly reference?: string
    readonly expectBase?: string
    readonly seq?: number
  },
) {
  const { seq = 1, rotationId = "r1", ...rest } = more
  return await ledger.promote(NAME, {
    ...calm,
    rotationId,
    ...rest,
    journal: ({ version }) => journalOf(seq, { state: "promoted", promotedVersion: version }),
  })
}

/** What is kept of a rotation. */
export async function kept(ledger: RotationLedger, reference?: string, rotationId = "r1") {
  return await ledger.kept(NAME, { ...calm, rotationId, ...(reference !== undefined && { reference }) })
}

/** Discards what a rotation has parked. */
export async function discard(ledger: RotationLedger, rotationId = "r1", reference?: string) {
  await ledger.discard(NAME, { ...calm, rotationId, ...(reference !== undefined && { reference }) })
}

/** The methods that the stand-in was asked with since the last look. */
export function askedOf(server: GcpServer): readonly string[] {
  const asked = server.log.requests.map(({ method }) => method)
  server.log.clear()
  return asked
}

/** Begins a call that is held where it asks for this method, and waits until it is. */
export async function heldAt<T>(
  server: GcpServer,
  method: Method,
  begin: () => Promise<T>,
): Promise<{ readonly call: Promise<T>; go(): void }> {
  let go = (): void => undefined
  const heldUntil = new Promise<void>(resolve => {
    go = resolve
  })
  const before = countOf(server, method)
  server.faults.next({ method, heldUntil })
  const call = begin()
  await eventually(() => expect(countOf(server, method)).toBe(before + 1))
  return { call, go }
}

function countOf(server: GcpServer, method: Method): number {
  return server.log.requests.filter(one => one.method === method).length
}
