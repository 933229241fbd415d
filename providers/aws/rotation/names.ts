import { tokenOf } from "./tokens.ts"

/** What the names of all journals begin with: the reserved segment, so that no store lists them. */
const BEGINNING = "latchkey/rotation/"

/** The longest name of a secret ("CreateSecret" in the AWS Secrets Manager API Reference). */
const LONGEST = 512

/** How much of a name that is too long to stand behind {@link BEGINNING} is kept in that of its journal. */
const KEPT = 440

/** The name of the secret that holds the journal of another one. */
export async function nameOfJournal(name: string): Promise<string> {
  if (!isLong(name)) return BEGINNING + name
  return `${BEGINNING}${name.slice(0, KEPT)}/${await tokenOf("latchkey/journal of", name)}`
}

/** The same with an asterisk for what is not known without computing. */
export function patternOfJournal(name: string): string {
  return BEGINNING + (isLong(name) ? `${name.slice(0, KEPT)}/*` : name)
}

function isLong(name: string): boolean {
  return BEGINNING.length + name.length > LONGEST
}
