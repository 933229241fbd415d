import { accessPolicyOf, permissionFile, permitted } from "./files.ts"
import { NEEDS, type Need, type Needs } from "./needs.ts"

/** The page about permissions, as Markdown. */
export function permissionsPage(): string {
  return `${[HEAD, ...Object.entries(NEEDS).map(([backend, needs]) => sectionOf(backend, needs))].join("\n\n")}\n`
}

function sectionOf(backend: string, { title, about, needs, language, evidence }: Needs): string {
  const isAzure = backend === "azure"
  const table = [
    `| | permissions |${isAzure ? " in an access policy |" : ""} |`,
    `|---|---|${isAzure ? "---|" : ""}---|`,
    ...needs.map(need => {
      const names = namesIn(need, language)
      const policy = isAzure ? ` ${names.map(name => `\`${accessPolicyOf(name)}\``).join(", ")} |` : ""
      return `| ${labelOf(need)} | ${names.map(name => `\`${name}\``).join(", ")} |${policy} ${need.note ?? ""} |`
    }),
  ]
  const blocks = needs.map(
    need =>
      `**${labelOf(need)}**: [${need.file}.${language}](permissions/${need.file}.${language})\n\n\`\`\`${language}\n${permissionFile(`${need.file}.${language}`)}\`\`\``,
  )
  return [`## ${title}`, about, table.join("\n"), ...blocks, `*Evidence.* ${evidence}`].join("\n\n")
}

function labelOf({ operation, form }: Need): string {
  const name = /^\w+$/.test(operation) ? `\`${operation}\`` : operation
  return form === undefined ? name : `${name}, ${form}`
}

function namesIn({ file }: Need, language: Needs["language"]): readonly string[] {
  if (language === "json") return permitted(file)
  const rules = permissionFile(`${file}.hcl`).matchAll(/path "([^"]+)" \{\s*capabilities = \[([^\]]+)\]/g)
  return Array.from(rules, ([, path, capabilities]) => `${path}: ${capabilities?.replaceAll('"', "")}`)
}

const HEAD = `# Permissions

<!-- Written by "npm run docs" from the files in docs/permissions: change those, and not this page. -->

What each operation of a store needs, ready to be pasted. A program that only reads needs \`read\`, on AWS better with
\`readMany\`, and nothing else.`
