// Counts the modules that importing a package loads from other packages, and of Node those that are slow to load.
import { registerHooks } from "node:module"

const [, , specifier = ""] = process.argv
const own = import.meta.resolve(specifier).replace(/\/(?:dist|lib)\/.*$/, "/")
let foreign = 0
registerHooks({
  load(url, context, nextLoad) {
    const isOwn = url.startsWith(own) && !url.slice(own.length).includes("node_modules/")
    if (url === "node:crypto" || (url.startsWith("file:") && !isOwn)) foreign += 1
    return nextLoad(url, context)
  },
})
await import(specifier)
process.stdout.write(String(foreign))
