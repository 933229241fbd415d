import { page } from "./input.ts"
import type { RegisterTool } from "./register.ts"

export const listForms: RegisterTool = ({ server, tally, calls }) => {
  server.registerTool(
    "list_forms",
    {
      title: "List forms",
      description: "The forms of the account, page by page. hasMore says whether there is a next page.",
      inputSchema: page,
      annotations: { readOnlyHint: true, openWorldHint: true },
    },
    (input, { signal }) => calls.run("list_forms", () => tally.listForms(input, signal)),
  )
}
