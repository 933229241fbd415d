// Reads so many secrets of the service that LATCHKEY_STORE names, as a program that starts does.
import { openSecrets } from "latchkey"

const names = Array.from({ length: Number(process.argv[2]) }, (_, index) => `service/token-n${index}`)
// On an ordinary start nothing was rotated within the overlap window. These secrets are seconds old, so it is short here.
const secrets = await openSecrets(undefined, { overlap: "100ms" })
const handles = await secrets.getMany(Object.fromEntries(names.map(name => [name, name])))
if (names.some(name => handles[name]?.reveal() !== `value of ${name}`)) process.exitCode = 1
await secrets.close()
