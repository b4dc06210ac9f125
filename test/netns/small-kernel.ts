// Debian's User Mode Linux: a whole kernel as one process, with a configuration and a command line of its own.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDirectory } from '../../scripts/tools.ts'
import { hasApt, packagesDirectory, unpack } from '../cluster/debian-packages.ts'

const kernel = join(packagesDirectory, 'usr/bin/linux.uml')
const kmod = join(packagesDirectory, 'bin/kmod')
const modules = join(packagesDirectory, 'usr/lib/modules')
const libraries = ['lib', 'usr/lib'].map((path) => join(packagesDirectory, path, 'x86_64-linux-gnu'))

/** Only this architecture has it. */
export const hasSmallKernel = process.arch === 'x64' && hasApt()

async function bring(): Promise<void> {
  if (!existsSync(kernel) || !existsSync(kmod)) await unpack(['user-mode-linux', 'kmod', 'libkmod2'])
  if (!existsSync(modules)) await symlink('uml/modules', modules)
}

/** What the kernel calls for a module. Until its path is in /proc/sys/kernel/modprobe, there are none. */
const modprobe = `#!/bin/bash
export LD_LIBRARY_PATH=${libraries.join(':')}
exec -a modprobe ${kmod} -d ${join(packagesDirectory, 'usr')} "$@"
`

const init = (program: string, loader: string) => `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mkdir /run/netns
${process.execPath} ${program} ${loader}
`

/**
 * Runs a program of this machine, whose files it sees but cannot change, as all that the kernel is for. It gets the
 * path of the loader of modules, and ends with the kernel.
 *
 * @param parameters for the kernel
 * @returns what it printed in lines of JSON objects, which are taken for what the caller expects
 */
export async function underSmallKernel<T>(program: string, ...parameters: string[]): Promise<readonly T[]> {
  await bring()
  await mkdir(cacheDirectory, { recursive: true })
  const directory = await mkdtemp(join(cacheDirectory, 'small-kernel-'))
  try {
    const files = { init: join(directory, 'init'), modprobe: join(directory, 'modprobe') }
    await writeFile(files.init, init(program, files.modprobe))
    await writeFile(files.modprobe, modprobe)
    for (const file of Object.values(files)) await chmod(file, 0o755)
    const own = [
      'mem=1G',
      'rootfstype=hostfs',
      'hostfs=/',
      'root=/dev/root',
      'ro',
      'con=null',
      'con0=null,fd:1',
      'quiet',
    ]
    const { stdout } = await promisify(execFile)(kernel, [...own, `init=${files.init}`, ...parameters], {
      env: { TMPDIR: directory, HOME: directory, PATH: process.env.PATH ?? '' },
      timeout: 120_000,
      killSignal: 'SIGKILL',
    })
    return stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
