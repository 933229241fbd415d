import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The root of the checkout. */
const ROOT = fileURLToPath(new URL("..", import.meta.url))

/** A piece of TypeScript that stands in a page of the documentation. */
export interface Snippet {
  /** The page, from the root of the checkout. */
  readonly page: string
  /** The line of the page on which it begins. */
  readonly line: number
  /** The file and region that it comes from: `"docs/snippets/start.ts#start"`; absent where none is named. */
  readonly source: string | undefined
  readonly text: string
}

const BLOCK = /(?:<!-- (\S+) -->\n)?```ts\n([\s\S]*?)```/g

/** The pages whose snippets come from files. */
export async function pages(): Promise<string[]> {
  const docs = await readdir(join(ROOT, "docs"))
  return [
    "README.md",
    "CONTRIBUTING.md",
    ...docs.filter(name => name.endsWith(".md")).map(name => `docs/${name}`),
  ]
}

/** All snippets of a page. */
export async function snippetsOf(page: string): Promise<Snippet[]> {
  const text = await readFile(join(ROOT, page), "utf8")
  return Array.from(text.matchAll(BLOCK), match => ({
    page,
    line: text.slice(0, match.index).split("\n").length,
    source: match[1],
    text: match[2] ?? "",
  }))
}

/** What a region of a file holds, without what it is indented by; or the whole file, where no region is named. */
export async function regionOf(source: string): Promise<string> {
  const [path = "", region] = source.split("#")
  const text = await readFile(join(ROOT, path), "utf8")
  if (region === undefined) return text
  const lines = text.split("\n")
  const start = lines.findIndex(line => line.trim() === `// #region ${region}`)
  const end = lines.findIndex((line, index) => index > start && line.trim() === "// #endregion")
  if (start === -1 || end === -1) throw new Error(`${path} has no region "${region}"`)
  const body = lines.slice(start + 1, end)
  const indent = Math.min(
    ...body.filter(line => line !== "").map(line => line.length - line.trimStart().length),
  )
  return body.map(line => `${line.slice(indent)}\n`).join("")
}

/** Puts what the files hold into a page. */
async function refresh(page: string): Promise<void> {
  const path = join(ROOT, page)
  let text = await readFile(path, "utf8")
  for (const { source, text: old } of await snippetsOf(page)) {
    if (source === undefined) continue
    const marker = `<!-- ${source} -->\n\`\`\`ts\n`
    const fresh = await regionOf(source)
    text = text.replace(`${marker}${old}\`\`\``, () => `${marker}${fresh}\`\`\``)
  }
  await writeFile(path, text)
}

if (import.meta.main) for (const page of await pages()) await refresh(page)
