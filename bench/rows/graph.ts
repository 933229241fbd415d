import { BARE, type CloudName, withCloud } from "../clouds/index.ts"
import { numberFrom } from "../fresh.ts"
import { exactly, type Result, type Row } from "../row.ts"

/** What a program loads that reads one secret of a service: nothing that belongs to the others. */
export const row: Row = {
  id: "graph",
  async measure() {
    const results: Result[] = []
    for (const name of Object.keys(BARE) as CloudName[]) {
      const ours = await withCloud(
        name,
        async cloud => await numberFrom(["probes/graph.mjs", name], cloud.environment),
      )
      const what = `${name}: modules of other backends' SDKs`
      results.push(exactly(0, { what, ours, peer: 0, peerName: BARE[name], unit: "modules" }))
    }
    return results
  },
}
