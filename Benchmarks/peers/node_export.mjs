// export-rag line by line, as a script of a team that has Node and no library: node_export.mjs WORKSPACE OUT.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const [workspace, out] = process.argv.slice(2)

async function* records(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.jsonl')).sort()
  for (const name of names) {
    const lines = createInterface({ input: createReadStream(join(folder, name)), crlfDelay: Infinity })
    for await (const line of lines) {
      if (line) yield JSON.parse(line)
    }
  }
}

const categories = new Map()
for await (const scored of records(join(workspace, 'data/scored-runs'))) {
  categories.set(scored.evidence_run_id, scored.category)
}

const output = createWriteStream(out)
for await (const run of records(join(workspace, 'data/evidence'))) {
  const category = categories.get(run.run_id)
  if (category !== 'accepted' && category !== 'partially_accepted') continue
  if (!run.text?.trim()) continue
  const tags = [`task:${run.task_id.split(':')[0]}`, `category:${category}`]
  if (run.model_role) tags.push(`role:${run.model_role}`)
  if (run.model_name) tags.push(`model:${run.model_name}`)
  if (run.source_files[0]) tags.push(`file:${run.source_files[0]}`)
  const digest = createHash('sha256').update(`${run.run_id}|${run.provenance.sig_hash}`).digest('hex')
  const row = {
    schema_version: 1,
    id: `rag-${digest.slice(0, 16)}`,
    title: run.text.trim().split('\n')[0].slice(0, 120).trim(),
    content: run.text,
    tags,
    source_run_id: run.run_id,
    task_id: run.task_id,
    prompt: run.prompt,
    success_score: category,
    source_category: category,
    embedding_text: run.text.slice(0, 2000),
    created_at: run.timestamp,
    provenance: run.provenance,
  }
  if (!output.write(JSON.stringify(row) + '\n')) await once(output, 'drain')
}
output.end()
await once(output, 'finish')
