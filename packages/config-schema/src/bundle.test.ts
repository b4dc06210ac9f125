import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

async function bundled(contents: string): Promise<string> {
  const result = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    external: ['node:*', 'yaml'],
    mainFields: ['module', 'main'],
    write: false,
  })
  return result.outputFiles[0]?.text ?? ''
}

describe("the plugin's bundle", () => {
  it('carries the configuration parser and nothing of the table of settings', async () => {
    const text = await bundled("import { parsePluginConfig } from './index.ts'\nparsePluginConfig({})")
    expect(text).toContain('cni_agent_run_dir')
    expect(text).not.toMatch(/MOUNTED_CNI_NET_DIR|node:|yaml/)
    expect(text.length).toBeLessThan(8 * 1024)
  })
})

describe("the agent's bundle", () => {
  it("carries the settings and nothing of the chart's values", async () => {
    const text = await bundled("import { loadSettings } from './index.ts'\nconsole.log(loadSettings)")
    expect(text).toContain('MOUNTED_CNI_NET_DIR')
    expect(text).not.toMatch(/cniNetnsDir|strict_object|draft-07/)
  })
})
