import { errorNumberName, SecretError } from "../../../src/core/index.ts"

/**
 * Where a credential is: the text itself, the file that holds it, or a function that gets it. Files and functions are
 * asked again at every login, so that a credential that was replaced is found.
 */
export type Credential = string | { readonly file: string } | (() => string | Promise<string>)

/**
 * The credential as it is now, without space around it. No message shows the name of its file: people put the credential
 * itself there, by mistake.
 *
 * @param what what it is called in messages: `"token"`
 * @throws SecretError `UNAUTHENTICATED` if it cannot be had
 */
export async function credentialOf(what: string, credential: Credential): Promise<string> {
  const text = (await textOf(what, credential)).trim()
  // What a header or a line of JSON cannot hold is no credential, but the wrong file.
  if (/^[\x21-\x7e]+$/.test(text)) return text
  throw new SecretError("UNAUTHENTICATED", {
    message: text === "" ? `the ${what} is empty` : `the ${what} has characters that none has`,
    hint: `see where the ${what} comes from`,
  })
}

/**
 * A password as it is now: any text, without the newline that ends a file.
 *
 * @throws SecretError `UNAUTHENTICATED` if it cannot be had
 */
export async function passwordOf(what: string, credential: Credential): Promise<string> {
  const text = await textOf(what, credential)
  return typeof credential === "object" ? text.replace(/\r?\n$/, "") : text
}

/** Whether there is no such file; one that cannot be read for another reason is there. */
export async function isMissing(file: string): Promise<boolean> {
  const { stat } = await import("node:fs/promises")
  return await stat(file).then(
    () => false,
    (thrown: unknown) => errorNumberName(thrown) === "ENOENT",
  )
}

async function textOf(what: string, credential: Credential): Promise<string> {
  if (typeof credential === "string") return credential
  if (typeof credential === "function") {
    let given: unknown
    try {
      given = await credential()
    } catch {
      // What the function throws may quote the credential.
      throw new SecretError("UNAUTHENTICATED", {
        message: `the function that gives the ${what} failed`,
        hint: "call it by itself to see why",
      })
    }
    if (typeof given === "string") return given
    throw new SecretError("UNAUTHENTICATED", {
      message: `the function that gives the ${what} gave no text`,
      hint: `it returns the ${what} itself, or a promise of it`,
    })
  }
  const { readFile } = await import("node:fs/promises")
  return await readFile(credential.file, "utf8").catch((thrown: unknown) => {
    throw new SecretError("UNAUTHENTICATED", {
      message: `the file of the ${what} cannot be read (${errorNumberName(thrown)})`,
      hint: "see whether it is there and this process may read it",
    })
  })
}
