import { makePlace } from "./place.ts"

/** Where the token is kept, and how the programs that work with it are told. */
export interface Home {
  /** The folder in which they are started. */
  readonly folder: string
  /** What stands in their environment. */
  readonly environment: Readonly<Record<string, string>>
  /**
   * Puts another token in the place of the one that is there.
   *
   * @returns the moment just before nobody can read the old one any more, on the clock of `performance.now()`.
   */
  replace(token: string): Promise<number>
  /** Takes away all that was made for it. */
  remove(): Promise<void>
}

/** Makes a home with a first token in it. */
export type MakeHome = (first: string) => Promise<Home>

/** A folder of its own with a `.env`; nothing in the environment says where it is. */
export const dotenvHome: MakeHome = async first => {
  const textOf = (token: string) => `TALLY__API_TOKEN=${token}\n`
  const place = await makePlace(textOf(first))
  return {
    folder: place.folder,
    environment: {},
    replace: async token => await place.replace(textOf(token)),
    remove: async () => await place.remove(),
  }
}
