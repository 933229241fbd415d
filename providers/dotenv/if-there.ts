import { errorNumberName } from "../../src/core/index.ts"

/** What a call of the file system gives, or nothing where there is no such file. */
export async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (thrown) {
    if (errorNumberName(thrown) === "ENOENT") return undefined
    throw thrown
  }
}
