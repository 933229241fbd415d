import { type Clock, settledFiles, systemClock } from "../../src/core/index.ts"
import { envFiles } from "./env-files.ts"
import { checkOptions } from "./options.ts"

/**
 * All entries of a `.env`, for settings: `loadConfig(Config, { secrets, settings: await readDotenv(".env") })`. The
 * `process.env` stays as it is. Nothing is hidden in what comes back, so a file with secrets is for a store instead.
 *
 * @param path relative to the folder in which the process is.
 * @throws SecretError `MISCONFIGURED` if the file cannot be read; `INVALID_VALUE` if it cannot be understood; `ABORTED`
 */
export async function readDotenv(
  path: string,
  options: { readonly signal?: AbortSignal; readonly clock?: Clock } = {},
): Promise<Record<string, string>> {
  const { signal = new AbortController().signal, clock = systemClock } = options
  const { files, round } = envFiles(checkOptions(path).paths, false, settledFiles(clock))
  const entries = await Promise.all(files.map(round(signal).entries))
  return Object.fromEntries(entries.flatMap(one => [...one]))
}
