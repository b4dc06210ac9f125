import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

describe("the plugin's bundle", () => {
  it('carries the configuration parser and nothing of the table of settings', async () => {
    const contents = "import { parsePluginConfig } from './index.ts'\nparsePluginConfig({})"
    const result = await build({
      stdin: { contents, resolveDir: import.meta.dirname, loader: 'ts' },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'neutral',
      external: ['node:*', 'yaml'],
      write: false,
    })
    const text = result.outputFiles[0]?.text ?? ''
    expect(text).toContain('cni_agent_run_dir')
    expect(text).not.toMatch(/MOUNTED_CNI_NET_DIR|node:|yaml/)
    expect(text.length).toBeLessThan(8 * 1024)
  })
})
