import { execFile } from "node:child_process"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, it } from "vitest"
import { definitions } from "./definitions/index.ts"
import { newFolder } from "./fake/place.ts"
import { outputOf } from "./install/index.ts"

/** Stands in for moto: tells how many of its requests were answered at once, and what each of them said. */
const STAND_IN = `
import json, sys, time
from io import BytesIO
from threading import Thread

inside, most, heard = 0, 0, []

class Slow:
    def read(self, length):
        # Half of this request never comes while the others are answered.
        while len(heard) < 8:
            time.sleep(0.001)
        return b"slow"[:length]

class DomainDispatcherApplication:
    def __call__(self, environ, start_response):
        global inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.02)
        heard.append(environ["wsgi.input"].read(99).decode())
        inside -= 1

def main():
    app = DomainDispatcherApplication()
    slow = {"CONTENT_LENGTH": "4", "wsgi.input": Slow()}
    quick = [{"CONTENT_LENGTH": "5", "wsgi.input": BytesIO(b"quick and more")} for _ in range(8)]
    threads = [Thread(target=app, args=(environ, None)) for environ in [slow, *quick]]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print(json.dumps([sys.argv[1:], most, heard]))
`

it("moto is started in such a way that it answers one request after the other", async context => {
  const python = (await outputOf("python3", ["--version"])) === undefined ? undefined : "python3"
  if (python === undefined && process.env.CI !== "true") context.skip("there is no python3")
  const folder = await newFolder()
  await mkdir(join(folder, "moto"))
  await writeFile(join(folder, "moto", "__init__.py"), "")
  await writeFile(join(folder, "moto", "server.py"), STAND_IN)
  const { args } = definitions.moto.launch({ installed: folder, own: folder, port: 1 })
  const { stdout } = await promisify(execFile)("python3", args, {
    env: { ...process.env, PYTHONPATH: folder },
  })
  expect(JSON.parse(stdout)).toEqual([["-H", "127.0.0.1", "-p", "1"], 1, [...Array(8).fill("quick"), "slow"]])
})
