import type { StandardSchema } from "../../src/secrets/index.ts"

/** What a schema says to a value. */
export type Judge = StandardSchema<unknown, string>["~standard"]["validate"]

/** A schema of which the test says what it judges. */
export const schemaOf = (validate: Judge): StandardSchema<unknown, string> => ({
  "~standard": { version: 1, vendor: "test", validate },
})

/** Accepts what starts with "first" and "third". */
export const picky = (): StandardSchema<unknown, string> =>
  schemaOf(value =>
    /^(?:first|third)/.test(String(value))
      ? { value: String(value) }
      : { issues: [{ message: String(value) }] },
  )
