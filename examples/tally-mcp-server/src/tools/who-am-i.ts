import type { RegisterTool } from "./register.ts"

export const whoAmI: RegisterTool = ({ server, tally, calls }) => {
  server.registerTool(
    "who_am_i",
    {
      title: "Who am I",
      description:
        "The Tally account that this server works for. A cheap way to see whether its token is good.",
      annotations: { readOnlyHint: true, openWorldHint: true },
    },
    ({ signal }) => calls.run("who_am_i", () => tally.whoAmI(signal)),
  )
}
