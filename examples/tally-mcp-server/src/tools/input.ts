import { z } from "zod"

/** The id of a form, as it stands in the form's address. */
export const formId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, "an id is letters, digits, - and _")
  .describe("The id of a form, as list_forms gives it")

/** Which part of a long list is wanted. */
export const page = {
  page: z.number().int().min(1).max(100_000).default(1).describe("Which page, from 1"),
  limit: z.number().int().min(1).max(500).default(50).describe("How many items a page has"),
}

/** A day, or a moment with its offset from UTC. */
export const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })])
