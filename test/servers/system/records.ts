import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type AnyServer, type Found, SERVER_NAMES, type ServerName } from "../types.ts"
import { type Identity, isAlive } from "./identity.ts"

/** What this checkout knows of a server that it started. */
export interface ServerRecord {
  readonly name: ServerName
  /** Absent while it is being started. */
  readonly server?: AnyServer | undefined
  readonly found: Exclude<Found, "environment">
  /** The process, if it is one of ours. */
  readonly process?: Identity | undefined
  /** The container, if it is one. */
  readonly container?: string | undefined
  /** Files to remove with it, outside the state folder. */
  readonly leaves?: readonly string[] | undefined
  /** When it was started, as ISO 8601. */
  readonly since: string
  /** Whether it stays up until somebody says `down`. */
  readonly kept: boolean
  /** Test runs that use it; it stays up while one of them lives. */
  readonly holders: readonly Identity[]
}

/** Why a server could not be had, so that one test run does not try again for each of its files. */
export interface Failure {
  readonly reason: string
  /** The run that tried. */
  readonly run: string
}

/** The record of a server, or nothing. What a crashed run left half written counts as nothing. */
export function readRecord(folder: string, name: ServerName): ServerRecord | undefined {
  return read<ServerRecord>(join(folder, `${name}.json`))
}

/** All records there are. */
export function readRecords(folder: string): ServerRecord[] {
  return SERVER_NAMES.flatMap(name => readRecord(folder, name) ?? [])
}

/** Writes a record: it is there as a whole or not at all. */
export function writeRecord(folder: string, record: ServerRecord): void {
  write(join(folder, `${record.name}.json`), record)
}

/** Forgets a server. What it left on the disk goes too, but for its log. */
export function removeRecord(folder: string, name: ServerName): void {
  for (const path of readRecord(folder, name)?.leaves ?? []) rmSync(path, { recursive: true, force: true })
  rmSync(join(folder, name), { recursive: true, force: true })
  rmSync(join(folder, `${name}.json`), { force: true })
}

/**
 * Whether what a record tells of can still be there. A number that belongs to another process by now is not: that
 * process is none of ours.
 */
export function isStale(record: ServerRecord): boolean {
  return record.process !== undefined && !isAlive(record.process)
}

/** The runs that still use a server. */
export function liveHolders(record: ServerRecord): Identity[] {
  return record.holders.filter(isAlive)
}

/** Remembers why a server could not be had. */
export function writeFailure(folder: string, name: ServerName, failure: Failure): void {
  write(join(folder, `${name}.failure`), failure)
}

/** Why this run did not get a server, if it tried. */
export function readFailure(folder: string, name: ServerName, run: string): Failure | undefined {
  const failure = read<Failure>(join(folder, `${name}.failure`))
  return failure?.run === run ? failure : undefined
}

function read<Content>(path: string): Content | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Content
  } catch {
    return undefined
  }
}

function write(path: string, content: object): void {
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, JSON.stringify(content, undefined, 2), { mode: 0o600 })
  renameSync(temporary, path)
}
