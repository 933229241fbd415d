import { execFile } from "node:child_process"

/** A tool of the machine that an installation needs and that is not there; the message says what to install. */
export class ToolMissing extends Error {
  override readonly name = "ToolMissing"
}

/** What a short command prints, or nothing if it is not there, fails or takes longer than a minute. */
export async function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  return await new Promise(resolve => {
    execFile(command, args, { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve(error ? undefined : `${stdout}${stderr}`.trim()),
    )
  })
}

/**
 * The Go command. Go 1.21 is the first that fetches a newer tool chain where a `go.mod` asks for one.
 *
 * @throws ToolMissing
 */
export async function findGo(): Promise<string> {
  const version = /go version go1\.(\d+)/.exec((await outputOf("go", ["version"])) ?? "")?.[1]
  if (version !== undefined && Number(version) >= 21) return "go"
  const why = version === undefined ? "there is no go on the PATH" : `go is at 1.${version}`
  throw new ToolMissing(`${why}: install Go 1.25 or later (https://go.dev/dl), or start a Docker engine`)
}

/**
 * A Python that the pinned packages are made for.
 *
 * @throws ToolMissing
 */
export async function findPython(): Promise<string> {
  return (await pythonOnPath()).command
}

/**
 * Which Python that is: where its program is, whatever leads to it, and its version.
 *
 * @throws ToolMissing
 */
export async function findPythonItself(): Promise<string> {
  const { command, version } = await pythonOnPath()
  const script = "import os, sys; print(os.path.realpath(sys.executable))"
  return `${await outputOf(command, ["-c", script])} ${version}`
}

async function pythonOnPath(): Promise<{ readonly command: string; readonly version: string }> {
  for (const command of ["python3", "python3.13", "python3.12", "python3.11"]) {
    const [version, minor] = /^Python 3\.(\d+)\S*/.exec((await outputOf(command, ["--version"])) ?? "") ?? []
    if (version !== undefined && Number(minor) >= 11 && Number(minor) <= 13) return { command, version }
  }
  throw new ToolMissing(
    "there is no Python from 3.11 to 3.13 on the PATH: install one with its venv module " +
      "(Debian and Ubuntu: apt-get install python3 python3-venv), or start a Docker engine",
  )
}
