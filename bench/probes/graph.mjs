// Counts the modules of other backends' SDKs that a program loads which reads one secret of the service in LATCHKEY_STORE.
import { registerHooks } from "node:module"

/** @type {Record<string, RegExp>} What each SDK is made of and the others are not. */
const SDKS = {
  aws: /\/node_modules\/(@aws-sdk|@aws-crypto|@aws|@smithy)\//,
  azure: /\/node_modules\/(@azure|@typespec)\//,
  gcp: /\/node_modules\/(@google-cloud|google-[a-z-]+|gaxios|gcp-metadata|@grpc|protobufjs|@protobufjs)\//,
  vault: /\/node_modules\/(node-vault|axios|mustache|tv4)\//,
}
const [, , own = ""] = process.argv
const loaded = Object.fromEntries(Object.keys(SDKS).map(name => [name, 0]))
registerHooks({
  load(url, context, nextLoad) {
    for (const [name, sdk] of Object.entries(SDKS)) if (sdk.test(url)) loaded[name] = (loaded[name] ?? 0) + 1
    return nextLoad(url, context)
  },
})
const { openSecrets } = await import("latchkey")
const secrets = await openSecrets()
await secrets.get("service/token-n0")
await secrets.close()
// A probe that sees not even the SDK of its own backend sees nothing.
if (!loaded[own]) throw new Error("the SDK was not loaded")
process.stdout.write(
  String(Object.entries(loaded).reduce((sum, [name, count]) => sum + (name === own ? 0 : count), 0)),
)
