import { formId } from "./input.ts"
import type { RegisterTool } from "./register.ts"

export const getForm: RegisterTool = ({ server, tally, calls }) => {
  server.registerTool(
    "get_form",
    {
      title: "Get a form",
      description: "One form with its settings and its blocks (the questions and texts that it consists of).",
      inputSchema: { formId },
      annotations: { readOnlyHint: true, openWorldHint: true },
    },
    (input, { signal }) => calls.run("get_form", () => tally.getForm(input.formId, signal)),
  )
}
