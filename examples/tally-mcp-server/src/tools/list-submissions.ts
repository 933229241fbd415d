import { z } from "zod"
import { formId, moment, page } from "./input.ts"
import type { RegisterTool } from "./register.ts"

const Input = z
  .object({
    formId,
    ...page,
    startDate: moment.optional().describe("Only what was submitted then or later"),
    endDate: moment.optional().describe("Only what was submitted before or then"),
    afterId: z.string().min(1).max(64).optional().describe("Only what came after the submission of this id"),
  })
  .refine(
    ({ startDate, endDate }) => !startDate || !endDate || Date.parse(startDate) <= Date.parse(endDate),
    {
      path: ["endDate"],
      message: "endDate is before startDate",
    },
  )

export const listSubmissions: RegisterTool = ({ server, tally, calls }) => {
  server.registerTool(
    "list_submissions",
    {
      title: "List submissions",
      description:
        "The questions of a form and what people answered, page by page, newest first; startDate and endDate narrow it down.",
      inputSchema: Input,
      annotations: { readOnlyHint: true, openWorldHint: true },
    },
    ({ formId, ...query }, { signal }) =>
      calls.run("list_submissions", () => tally.listSubmissions(formId, query, signal)),
  )
}
